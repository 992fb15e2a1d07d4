import { readFileSync } from "node:fs";
import { send } from "./send.mjs";

const { status, answer } = await send(process.env.EVENTS_URL, process.env.EVENTS_SECRET, readFileSync(0, "utf8"));
process.stdout.write(`${status} ${answer}`);
