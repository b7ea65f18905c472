// Sends messages with the npm package simple-hl7: the port is the argument, one message in JSON a
// line. Says for each what its parser reads in the answer: MSA-1, MSA-2 and ERR-3.1, in JSON.
"use strict";

const hl7 = require("simple-hl7");

const messages = require("fs").readFileSync(0, "utf8").split("\n").map((line) => JSON.parse(line));
const parser = new hl7.Parser({ segmentSeperator: "\r" });
const client = hl7.Server.createTcpClient({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  keepalive: true,
});

const next = () => {
  const text = messages.shift();
  if (text === undefined) {
    client.close();
    return;
  }
  client.send(parser.parse(text), (error, answer) => {
    if (error) throw error;
    const msa = answer.getSegment("MSA");
    const err = answer.getSegment("ERR");
    const condition = err ? err.getComponent(3, 1) : "";
    console.log(JSON.stringify([msa.getField(1), msa.getField(2), condition]));
    // The client forgets its answer only after it has told of it.
    setImmediate(next);
  });
};
next();
