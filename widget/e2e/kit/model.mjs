// A language model's server: real HTTP in the form of OpenAI's API. It says what the suite tells it to say.
import { createServer } from "node:http";
import { addressOf } from "./server.mjs";

export class Model {
	url = "";
	/** Says this next. @type {(prompt: string) => string} */
	says = () => "";
	/** Every prompt that came. @type {string[]} */
	prompts = [];

	static async start() {
		const m = new Model();
		const server = createServer((req, res) => {
			let raw = "";
			req.setEncoding("utf8");
			req.on("data", (d) => {
				raw += d;
			});
			req.on("end", () => {
				const prompt = JSON.parse(raw).messages.map((x) => x.content).join("\n");
				m.prompts.push(prompt);
				const message = { role: "assistant", content: m.says(prompt) };
				res.setHeader("Content-Type", "application/json");
				res.end(JSON.stringify({ choices: [{ message }], usage: { total_tokens: 50 } }));
			});
		});
		await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
		server.unref();
		m.url = `http://127.0.0.1:${addressOf(server).port}/v1`;
		return m;
	}
}

/** Another site's server: it only counts who comes. */
export async function stranger() {
	/** @type {string[]} */
	const seen = [];
	const server = createServer((req, res) => {
		seen.push(req.url ?? "");
		res.end();
	});
	await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
	server.unref();
	return { seen, port: addressOf(server).port };
}
