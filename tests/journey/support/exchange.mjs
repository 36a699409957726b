// The deployment under test: where it is, and the SDK connected to it.
import { pathToFileURL } from "node:url";
import twilio from "twilio";

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the journey with .ci/journey`);
  return value;
}

export const base = needed("SWITCHBOARD_URL").replace(/\/+$/, "");
export const accountSid = needed("SWITCHBOARD_ACCOUNT_SID");
export const authToken = needed("SWITCHBOARD_AUTH_TOKEN");

const { connect } = await import(pathToFileURL(needed("SWITCHBOARD_REDIRECT")));

/** The SDK as somebody: by default the account itself. */
export const connectAs = (username, password) => connect(username, password, { base, accountSid });

export const client = connectAs(accountSid, authToken);

/** Posts a carrier's webhook; what is signed may differ from what is sent. */
export async function carrierPosts(form, { signed = form, token = authToken, path = "/webhooks/twilio" } = {}) {
  const url = `${base}${path}`;
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-twilio-signature": twilio.getExpectedTwilioSignature(token, url, signed),
    },
    body: new URLSearchParams(form),
  });
  return {
    status: response.status,
    contentType: response.headers.get("content-type"),
    body: await response.text(),
  };
}

/** Markup for an answer to a message, as the SDK writes it. */
export const messagingResponse = () => new twilio.twiml.MessagingResponse();

export const validateRequest = (signature, url, form) => twilio.validateRequest(authToken, signature, url, form);
