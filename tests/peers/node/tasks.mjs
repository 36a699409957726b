// A job queue for each skill, and idle workers that take jobs: `node tasks.mjs REDIS_PORT WORKERS SKILLS COUNT RATE`, where
// a rate of 0 makes all jobs at once. Prints what `drive tasks` prints. It does far less: a worker pulls from a named queue;
// there is no expression, no capacity across queues, no acceptance, no order of idleness, and no event.
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";

const [port, workers, skills, count, rate] = process.argv.slice(2).map(Number);
const connection = new Redis({ host: "127.0.0.1", port, maxRetriesPerRequest: null });
const asked = new Map();
const told = [];
const acknowledged = [];
let completed = 0;
let finish;
const finished = new Promise((resolve) => (finish = resolve));

const queues = Array.from({ length: skills }, (_, skill) => new Queue(`s${skill}`, { connection }));
const all = [];
for (let skill = 0; skill < skills; skill++) {
  const worker = new Worker(
    `s${skill}`,
    async (job) => told.push(performance.now() - asked.get(job.data.number)),
    { connection, concurrency: workers / skills },
  );
  worker.on("completed", () => {
    completed += 1;
    if (completed === count) finish();
  });
  await worker.waitUntilReady();
  all.push(worker);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const used = process.cpuUsage();
const started = performance.now();

async function make(number) {
  if (rate > 0) await sleep(Math.max(0, (number * 1000) / rate - (performance.now() - started)));
  const before = performance.now();
  asked.set(number, before);
  await queues[number % skills].add("task", { number });
  acknowledged.push(performance.now() - before);
}

await Promise.all(Array.from({ length: count }, (_, number) => make(number)));
await finished;
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(used);

function percentiles(values) {
  values.sort((one, other) => one - other);
  const at = (share) => values[Math.floor((values.length - 1) * share)];
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

console.log(
  JSON.stringify({
    tasks: completed,
    completed_per_second: completed / seconds,
    told_ms: percentiles(told),
    ack_ms: percentiles(acknowledged),
    driver_cpu_ms: (user + system) / 1000 / count,
  }),
);
await Promise.all([...all, ...queues].map((one) => one.close()));
connection.disconnect();
