// How the journeys are told: steps that stop at the first failure, and what is checked again and again.
import assert from "node:assert/strict";
import { test } from "node:test";

/** A test whose steps build on each other: none is tried after one that failed. */
export function story(title, tell) {
  test(title, { timeout: 120_000 }, async (t) => {
    await tell(async (name, body) => {
      let outcome;
      await t.test(name, async () => {
        outcome = { failed: true };
        outcome = { value: await body() };
      });
      if (outcome.failed) throw new Error(`stopped at "${name}"`);
      return outcome.value;
    });
  });
}

/** Waits for what happens a moment later: repeats `check` until it passes or its time is over. */
export async function eventually(check, { withinMs = 15_000 } = {}) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The only element of a list. */
export function only(list) {
  assert.equal(list.length, 1, `one expected: ${JSON.stringify(list)}`);
  return list[0];
}

export function isSid(prefix, text) {
  assert.match(String(text), new RegExp(`^${prefix}[0-9a-f]{32}$`));
}

/** A Date that the SDK could read, of the last minutes; the SDK hands on what it cannot read as text. */
export function isRecent(date) {
  assert.ok(date instanceof Date, `a Date expected, not ${typeof date} ${date}`);
  const age = Date.now() - date.getTime();
  assert.ok(age > -5_000 && age < 10 * 60_000, `${date.toISOString()} is not of the last minutes`);
}

/** Every link is an absolute URL below its resource. */
export function hasLinks(resource, ...names) {
  assert.match(resource.url, /^https?:\/\//);
  assert.deepEqual(names.filter((name) => !resource.links[name]?.startsWith(`${resource.url}/`)), []);
}

/** The call fails with this HTTP status and published code, in the error that the SDK makes of it. */
export async function fails(call, { status, code, message = /./ }) {
  await assert.rejects(call, (error) => {
    assert.equal(error.constructor.name, "RestException", error.stack);
    assert.deepEqual({ status: error.status, code: error.code }, { status, code }, error.message);
    assert.match(error.message, message);
    assert.equal(error.moreInfo, `https://www.twilio.com/docs/errors/${code}`);
    return true;
  });
}
