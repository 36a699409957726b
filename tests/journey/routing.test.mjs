// What a supervisor does with workers, queues and tasks, no customer being involved.
import assert from "node:assert/strict";
import { client } from "./support/exchange.mjs";
import { ContactCentre } from "./support/people.mjs";
import { eventually, fails, hasLinks, isRecent, isSid, only, story } from "./support/story.mjs";

story("a workspace is furnished and its tasks find the right workers", async (step) => {
  const workspace = await step("a workspace comes with activities and task channels", async () => {
    const created = await client.taskrouter.v1.workspaces.create({ friendlyName: "Furnished" });
    isSid("WS", created.sid);
    isRecent(created.dateCreated);
    assert.equal(created.multiTaskEnabled, true);
    assert.equal(created.defaultActivityName, "Offline");
    hasLinks(created, "activities", "task_queues", "tasks", "workers", "workflows", "task_channels");
    const api = client.taskrouter.v1.workspaces(created.sid);
    const activities = await api.activities.list();
    assert.deepEqual(activities.map((one) => one.friendlyName).sort(), ["Available", "Break", "Offline", "Unavailable"]);
    const channels = (await api.taskChannels.list()).map((one) => one.uniqueName);
    assert.deepEqual(channels.sort(), ["chat", "default", "sms", "video", "voice"]);
    return api;
  });

  const training = await step("an activity and a task channel are added", async () => {
    const activity = await workspace.activities.create({ friendlyName: "Training", available: false });
    isSid("WA", activity.sid);
    assert.equal(activity.available, false);
    const channel = await workspace.taskChannels.create({ friendlyName: "Letters", uniqueName: "letters" });
    isSid("TC", channel.sid);
    assert.equal((await workspace.taskChannels("letters").fetch()).sid, channel.sid);
    return activity;
  });

  const worker = await step("a worker is taken on, with capacity by the name of a channel", async () => {
    const created = await workspace.workers.create({
      friendlyName: "ines",
      attributes: JSON.stringify({ skills: ["letters"] }),
    });
    isSid("WK", created.sid);
    assert.equal(created.activityName, "Offline");
    assert.equal(created.available, false);
    isRecent(created.dateStatusChanged);
    const channels = workspace.workers(created.sid).workerChannels;
    const updated = await channels("letters").update({ capacity: 2 });
    isSid("WC", updated.sid);
    assert.equal(updated.configuredCapacity, 2);
    assert.equal(updated.availableCapacityPercentage, 100);
    assert.equal(updated.taskChannelUniqueName, "letters");
    assert.equal((await channels(updated.taskChannelSid).fetch()).configuredCapacity, 2);
    assert.equal((await channels.list()).length, 6);
    return workspace.workers(created.sid);
  });

  await step("two who change a worker at once do not overwrite each other", async () => {
    const { headers, body, statusCode } = await worker.fetchWithHttpInfo();
    assert.equal(statusCode, 200);
    assert.match(headers.etag, /\d/);
    const changed = await worker.updateWithHttpInfo({ activitySid: training.sid, ifMatch: headers.etag });
    assert.equal(changed.body.activityName, "Training");
    assert.notEqual(changed.headers.etag, headers.etag);
    const late = { attributes: JSON.stringify({ skills: [] }), ifMatch: headers.etag };
    await fails(() => worker.update(late), { status: 412, code: 20412 });
    assert.equal((await worker.fetch()).attributes, body.attributes);
    await fails(() => worker.remove({ ifMatch: headers.etag }), { status: 412, code: 20412 });
  });

  const queue = await step("a queue and a workflow lead tasks to them", async () => {
    const created = await workspace.taskQueues.create({
      friendlyName: "Letters",
      targetWorkers: "skills HAS 'letters'",
    });
    isSid("WQ", created.sid);
    assert.equal(created.maxReservedWorkers, 1);
    const matching = await workspace.taskQueues.list({ evaluateWorkerAttributes: JSON.stringify({ skills: ["letters"] }) });
    assert.equal(only(matching).sid, created.sid);
    await fails(() => workspace.taskQueues.create({ friendlyName: "Wrong", targetWorkers: "skills HAS" }), {
      status: 400,
      code: 20001,
    });
    return created;
  });

  const workflow = await step("a workflow with a filter", async () => {
    const configuration = {
      task_routing: {
        filters: [
          { expression: "kind == 'letter'", targets: [{ queue: queue.sid, expression: "worker.friendly_name != task.not" }] },
        ],
      },
    };
    const created = await workspace.workflows.create({
      friendlyName: "Post room",
      configuration: JSON.stringify(configuration),
      taskReservationTimeout: 30,
    });
    isSid("WW", created.sid);
    assert.deepEqual(JSON.parse(created.configuration), configuration);
    assert.equal(created.taskReservationTimeout, 30);
    return created;
  });

  const task = await step("a task waits while nobody can take it", async () => {
    const created = await workspace.tasks.create({
      workflowSid: workflow.sid,
      taskChannel: "letters",
      priority: 3,
      timeout: 600,
      attributes: JSON.stringify({ kind: "letter", not: "tom" }),
    });
    isSid("WT", created.sid);
    isRecent(created.dateCreated);
    assert.equal(created.assignmentStatus, "pending");
    assert.equal(created.taskChannelUniqueName, "letters");
    assert.equal(created.workflowFriendlyName, "Post room");
    await eventually(async () => assert.equal((await workspace.tasks(created.sid).fetch()).taskQueueSid, queue.sid));
    return workspace.tasks(created.sid);
  });

  await step("two who change a task at once do not overwrite each other", async () => {
    const { headers } = await task.fetchWithHttpInfo();
    const changed = await task.update({ priority: 9, ifMatch: headers.etag });
    assert.equal(changed.priority, 9);
    await fails(() => task.update({ priority: 1, ifMatch: headers.etag }), { status: 412, code: 20412 });
    assert.equal((await task.fetch()).priority, 9);
  });

  await step("the worker becomes available, rejects it, is asked again, and completes it", async () => {
    const available = only(await workspace.activities.list({ friendlyName: "Available" }));
    await worker.update({ activitySid: available.sid });
    const asked = await eventually(async () => only(await worker.reservations.list({ reservationStatus: "pending" })));
    isSid("WR", asked.sid);
    isRecent(asked.dateCreated);
    assert.equal(asked.workerName, "ines");
    assert.equal((await task.fetch()).assignmentStatus, "reserved");
    assert.equal((await task.reservations(asked.sid).update({ reservationStatus: "rejected" })).reservationStatus, "rejected");
    const again = await eventually(async () => only(await worker.reservations.list({ reservationStatus: "pending" })));
    assert.notEqual(again.sid, asked.sid);
    await worker.reservations(again.sid).update({ reservationStatus: "accepted" });
    await eventually(async () => assert.equal((await task.fetch()).assignmentStatus, "assigned"));
    await fails(() => worker.reservations(asked.sid).update({ reservationStatus: "accepted" }), { status: 400, code: 20001 });
    const done = await task.update({ assignmentStatus: "completed", reason: "answered" });
    assert.equal(done.assignmentStatus, "completed");
    assert.equal(done.reason, "answered");
    assert.equal((await worker.reservations(again.sid).fetch()).reservationStatus, "completed");
  });

  await step("a task that no filter wants is canceled", async () => {
    const unwanted = await workspace.tasks.create({ workflowSid: workflow.sid, attributes: JSON.stringify({ kind: "parcel" }) });
    await eventually(async () => assert.equal((await workspace.tasks(unwanted.sid).fetch()).assignmentStatus, "canceled"));
  });

  await step("a worker who leaves is gone", async () => {
    assert.equal(await worker.remove(), true);
    await fails(() => worker.fetch(), { status: 404, code: 20404 });
  });
});

story("the most urgent task goes first, to whoever has been idle longest", async (step) => {
  const centre = await ContactCentre.open("In order");
  const anna = await centre.hires("anna", ["billing"]);
  const task = (priority) => centre.api.tasks.create({ workflowSid: centre.workflow.sid, taskChannel: "sms", priority });

  const [first, low, high] = await step("one is taken and two wait", async () => {
    const first = await task(0);
    await eventually(async () => assert.equal(only(await anna.pending()).taskSid, first.sid));
    return [first, await task(1), await task(5)];
  });

  const bela = await step("a second worker gets the urgent one", async () => {
    await eventually(async () => assert.equal((await centre.task(low.sid)).taskQueueSid, centre.billing.sid));
    await eventually(async () => assert.equal((await centre.task(high.sid)).taskQueueSid, centre.billing.sid));
    const bela = await centre.hires("bela", ["billing"]);
    assert.equal((await bela.rings()).taskSid, high.sid);
    return bela;
  });

  await step("capacity that frees is used at once", async () => {
    await anna.accepts();
    assert.equal((await anna.channel()).availableCapacityPercentage, 0);
    await centre.api.tasks(first.sid).update({ assignmentStatus: "completed", reason: "done" });
    await eventually(async () => assert.equal(only(await anna.pending()).taskSid, low.sid));
    assert.equal(only(await bela.pending()).taskSid, high.sid);
  });
});
