// Verifies webhooks with the npm package standardwebhooks: one JSON request a line, one answer each.
// What a request has is told in verify_webhooks.py.
const { Webhook } = require("standardwebhooks");

const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
for (const line of lines) {
  const one = JSON.parse(line);
  const webhook = new Webhook(one.secret);
  const body = Buffer.from(one.body, "base64").toString("utf8");
  let { timestamp, signature } = one;
  if (one.sign_at !== null) {
    const at = new Date(Date.now() + one.sign_at * 1000);
    timestamp = String(Math.floor(at.getTime() / 1000));
    signature = webhook.sign(one.id, at, body);
  }
  const headers = {
    "webhook-id": one.id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  };
  try {
    webhook.verify(body, headers);
    console.log("accepted");
  } catch (error) {
    console.log(`refused: ${error.message}`);
  }
}
