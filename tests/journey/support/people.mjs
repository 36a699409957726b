// Customers who write, and the contact centre whose agents answer.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { accountSid, carrierPosts, client } from "./exchange.mjs";
import { eventually, only } from "./story.mjs";

/** Somebody with a phone, who writes to the business number `to`. */
export class Customer {
  constructor(number, to) {
    this.number = number;
    this.to = to;
  }

  form(body) {
    const sid = `SM${randomBytes(16).toString("hex")}`;
    return {
      MessageSid: sid,
      SmsMessageSid: sid,
      SmsSid: sid,
      AccountSid: accountSid,
      From: this.number,
      To: this.to,
      Body: body,
      NumMedia: "0",
      NumSegments: "1",
      SmsStatus: "received",
      ApiVersion: "2010-04-01",
    };
  }

  /** Writes, and sees that the carrier is told all is well; `more` is what the carrier says besides. */
  async writes(body, more = {}) {
    const form = { ...this.form(body), ...more };
    const answer = await carrierPosts(form);
    assert.equal(answer.status, 200, answer.body);
    return form.MessageSid;
  }

  /** Where the customer takes part, open conversations first. */
  places() {
    return client.conversations.v1.participantConversations.list({ address: this.number });
  }

  /** The one conversation that is open, once it is there. */
  conversation() {
    return eventually(async () => {
      const open = (await this.places()).filter((place) => place.conversationState !== "closed");
      const place = only(open);
      return client.conversations.v1.conversations(place.conversationSid).fetch();
    });
  }
}

/** A business number that the account owns, with what happens to those who write to it first. */
export async function openAddress(number, autoCreation) {
  await client.incomingPhoneNumbers.create({ phoneNumber: number });
  const dotted = Object.entries(autoCreation).map(([name, value]) => [`autoCreation.${name}`, value]);
  return client.conversations.v1.addressConfigurations.create({
    type: "sms",
    address: number,
    ...Object.fromEntries(dotted),
  });
}

/** A workspace with a queue for each skill; `billing` is what a task gets that asks for nothing else. */
export class ContactCentre {
  static async open(friendlyName) {
    const workspace = await client.taskrouter.v1.workspaces.create({ friendlyName });
    const centre = new ContactCentre(workspace.sid);
    const activities = await centre.api.activities.list();
    centre.available = activities.find((one) => one.available).sid;
    centre.billing = await centre.queue("billing");
    centre.technical = await centre.queue("technical");
    centre.workflow = await centre.api.workflows.create({
      friendlyName: "by topic",
      taskReservationTimeout: 60,
      configuration: JSON.stringify({
        task_routing: {
          filters: [
            {
              filter_friendly_name: "technical",
              expression: "topic == 'technical'",
              targets: [{ queue: centre.technical.sid, priority: 7 }],
            },
          ],
          default_filter: { queue: centre.billing.sid },
        },
      }),
    });
    return centre;
  }

  constructor(sid) {
    this.sid = sid;
    this.api = client.taskrouter.v1.workspaces(sid);
  }

  queue(skill) {
    return this.api.taskQueues.create({ friendlyName: skill, targetWorkers: `skills HAS '${skill}'` });
  }

  /** Takes somebody on, at work at once. */
  async hires(friendlyName, skills, { capacity = 1 } = {}) {
    const worker = await this.api.workers.create({
      friendlyName,
      activitySid: this.available,
      attributes: JSON.stringify({ skills, contact_uri: `client:${friendlyName}` }),
    });
    await this.api.workers(worker.sid).workerChannels("sms").update({ capacity });
    return new Agent(this, worker);
  }

  /** The routing of an interaction or an invite. */
  routing(attributes, more = {}) {
    return {
      properties: {
        workspace_sid: this.sid,
        workflow_sid: this.workflow.sid,
        task_channel_unique_name: "sms",
        attributes,
        ...more,
      },
    };
  }

  task(sid) {
    return this.api.tasks(sid).fetch();
  }

  /** The task, once it has come that far. */
  taskBecomes(sid, assignmentStatus) {
    return eventually(async () => {
      const task = await this.task(sid);
      assert.equal(task.assignmentStatus, assignmentStatus);
      return task;
    });
  }
}

/** A worker who takes tasks and writes in conversations. */
export class Agent {
  constructor(centre, worker) {
    this.sid = worker.sid;
    this.identity = worker.friendlyName;
    this.api = centre.api.workers(worker.sid);
  }

  pending() {
    return this.api.reservations.list({ reservationStatus: "pending" });
  }

  /** What the agent's phone rings with, once it does. */
  rings() {
    return eventually(async () => only(await this.pending()));
  }

  /** Takes the task that rings. */
  async accepts() {
    const reservation = await this.rings();
    return this.api.reservations(reservation.sid).update({ reservationStatus: "accepted" });
  }

  /** What is left of the capacity for text messages. */
  channel() {
    return this.api.workerChannels("sms").fetch();
  }

  writes(conversation, body) {
    return client.conversations.v1.conversations(conversation.sid).messages.create({ author: this.identity, body });
  }
}
