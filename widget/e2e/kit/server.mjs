// Servers of the browser suites: the real binary on free ports, its data in a temporary folder, ended by process id.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

process.setMaxListeners(0); // one for each started process and folder
const e2e = dirname(dirname(fileURLToPath(import.meta.url)));
const repo = dirname(dirname(e2e));

/** Pictures and traces; ignored by git. */
export const out = join(e2e, "out");

/**
 * Waits until `ready` gives something other than undefined, null and false.
 * @template T
 * @param {string} what
 * @param {() => T | undefined | null | false | Promise<T | undefined | null | false>} ready
 */
export async function until(what, ready, seconds = 60) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const got = await ready();
		if (got !== undefined && got !== false && got !== null) return got;
		if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
		await sleep(50);
	}
}

/**
 * A TCP port that was free a moment ago.
 * @returns {Promise<number>}
 */
export function freePort() {
	return new Promise((done, fail) => {
		const s = createServer();
		s.once("error", fail);
		s.listen(0, "127.0.0.1", () => {
			const { port } = addressOf(s);
			s.close(() => done(port));
		});
	});
}

/**
 * Where a server of ours listens.
 * @param {import("node:net").Server} server
 */
export const addressOf = (server) => /** @type {import("node:net").AddressInfo} */ (server.address());

/** @param {number} pid */
const alive = (pid) => {
	try {
		process.kill(pid, 0);
		return true;
	} catch (e) {
		return /** @type {NodeJS.ErrnoException} */ (e).code === "EPERM";
	}
};

/** The binary, built once for all files of one run: they share the test runner as parent. POSTERN names another. */
export async function binary() {
	if (process.env.POSTERN) return process.env.POSTERN;
	const dir = join(out, "bin");
	mkdirSync(dir, { recursive: true });
	for (const name of readdirSync(dir)) {
		const pid = Number(/\d+/.exec(name)?.[0]);
		if (!alive(pid)) rmSync(join(dir, name), { recursive: true, force: true });
	}
	const bin = join(dir, `postern-${process.ppid}`);
	const done = `${bin}.built`;
	try {
		mkdirSync(`${bin}.lock`);
	} catch {
		return until("the binary of another suite", () => existsSync(done) && bin, 180);
	}
	if (!existsSync(join(repo, "widget/dist/manifest.json"))) throw new Error("the user interface is not built: make ui");
	const made = spawnSync("go", ["build", "-o", bin, "./cmd/postern"], { cwd: repo, encoding: "utf8" });
	if (made.status !== 0) throw new Error(`go build: ${made.stderr}`);
	writeFileSync(done, "");
	return bin;
}

/** A folder that is gone when the process ends. */
export function folder() {
	const dir = mkdtempSync(join(tmpdir(), "postern-e2e-"));
	process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
	return dir;
}

/** One started process, its words kept for the failure message. */
export class Process {
	#child;
	log = "";

	/**
	 * @param {string} bin
	 * @param {string[]} args
	 * @param {{cwd?: string, env?: NodeJS.ProcessEnv}} options
	 */
	constructor(bin, args, options = {}) {
		this.args = args;
		this.down = false;
		this.#child = spawn(bin, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
		for (const s of [this.#child.stdout, this.#child.stderr]) {
			s.setEncoding("utf8");
			s.on("data", (d) => {
				this.log += d;
			});
		}
		this.ended = new Promise((done) => {
			this.#child.once("exit", done);
			this.#child.once("error", (e) => {
				this.log += e;
				done(-1);
			});
		});
		this.#child.once("exit", () => {
			this.down = true;
		});
		this.last = () => this.#child.kill("SIGKILL");
		process.once("exit", this.last);
	}

	/**
	 * Waits until `ready` holds; fails with the log if the process ends before.
	 * @param {string} what
	 * @param {(log: string) => any} ready
	 */
	ready(what, ready) {
		return until(what, async () => {
			if (this.down) throw new Error(`${what} ended: ${this.log}`);
			return ready(this.log);
		});
	}

	/** @param {NodeJS.Signals} signal */
	async stop(signal = "SIGTERM") {
		process.off("exit", this.last);
		if (this.down) return;
		this.#child.kill(signal);
		const late = setTimeout(() => this.#child.kill("SIGKILL"), 15_000);
		await this.ended;
		clearTimeout(late);
	}
}

/** `postern demo`: gateway and shop with sample data. */
export class Demo {
	/** @param {{data?: string, port?: number, shopPort?: number, provider?: boolean, model?: () => string}} o `model`: base URL of a language model */
	static async start(o = {}) {
		const data = o.data ?? join(folder(), "demo");
		const args = ["demo", "--data", data, "--port", String(o.port ?? 0), "--shop-port", String(o.shopPort ?? 0)];
		if (o.provider) args.push("--provider");
		if (o.model) args.push("--model", o.model());
		const p = new Process(await binary(), args);
		try {
			await p.ready("postern demo", (log) => log.includes("Ctrl-C stops it"));
		} catch (e) {
			await p.stop("SIGKILL"); // else it would keep this process alive
			throw e;
		}
		return new Demo(data, p);
	}

	/**
	 * @param {string} data folder of its database and spool
	 * @param {Process} process it has said where it listens
	 */
	constructor(data, process) {
		/** @param {RegExp} line */
		const said = (line) => line.exec(process.log)?.[1] ?? "";
		this.data = data;
		this.process = process;
		this.shop = said(/Shop\s+(http\S+)\//);
		this.console = said(/Console\s+(\S+)/);
		this.admin = said(/Admin\s+(\S+)/);
		this.gateway = new URL(this.console).origin;
		this.port = Number(new URL(this.gateway).port);
		this.shopPort = Number(new URL(this.shop).port);
	}

	/** The mails that lie in the spool, as text. */
	spool() {
		/** @type {string[]} */
		const found = [];
		/** @param {string} dir */
		const walk = (dir) => {
			for (const f of existsSync(dir) ? readdirSync(dir, { withFileTypes: true }) : []) {
				const path = join(dir, f.name);
				if (f.isDirectory()) walk(path);
				else if (f.name.endsWith(".eml")) found.push(readFileSync(path, "utf8"));
			}
		};
		walk(this.data);
		return found;
	}

	/** @param {NodeJS.Signals} [signal] */
	stop(signal) {
		return this.process.stop(signal);
	}
}

/** The words of a spooled mail, its quoted-printable undone. */
export function mailText(mail) {
	const body = mail.slice(mail.indexOf("\r\n\r\n") + 4).replace(/=\r?\n/g, "");
	const bytes = body.replace(/=([\dA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
	return Buffer.from(bytes, "latin1").toString("utf8");
}
