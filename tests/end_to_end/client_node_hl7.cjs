// Sends messages with the npm package node-hl7-client: the port is the argument, a message in JSON
// a line. Says for each what its parser reads in the answer: MSA-1, MSA-2 and ERR-3.1, in JSON.
"use strict";

const { Client, Message } = require("node-hl7-client");

const lines = require("fs").readFileSync(0, "utf8").split("\n");
const texts = lines.map((line) => JSON.parse(line));

const fail = (error) => {
  console.error(error);
  process.exit(1);
};

const run = async () => {
  let answered;
  const client = new Client({ host: "127.0.0.1", version: "2.5.1" });
  const port = Number(process.argv[2]);
  const connection = client.createConnection({ port }, (response) => answered(response));
  connection.on("data.error", fail);
  // Sending before that opens a second connection.
  await new Promise((resolve) => connection.once("connect", resolve));
  for (const text of texts) {
    const answer = new Promise((resolve) => {
      answered = resolve;
    });
    await connection.sendMessage(new Message({ text }));
    const message = (await answer).getMessage();
    const has = message.toString().includes("\rERR|");
    const condition = has ? message.get("ERR.3.1").toString() : "";
    const read = [message.get("MSA.1").toString(), message.get("MSA.2").toString(), condition];
    console.log(JSON.stringify(read));
  }
  await connection.close();
};

run().catch(fail);
