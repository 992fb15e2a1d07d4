import { afterEach, expect, test, vi } from "vitest";
import { register, steppingUp } from "./passkey";
import { CommandError } from "./socket";

const wanted = () => new CommandError({ code: "forbidden", reason: "stepup.required", retry: "no" });
const answer = { toJSON: () => ({ id: "k" }) };

/** A browser with a passkey, and the paths that were called. */
function browser(get: () => Promise<unknown>) {
	vi.stubGlobal("PublicKeyCredential", {
		parseCreationOptionsFromJSON: (o: object) => o,
		parseRequestOptionsFromJSON: (o: object) => o,
	});
	vi.stubGlobal("navigator", { credentials: { get, create: async () => answer } });
	const called: string[] = [];
	const api = async <R>(_: string, path: string): Promise<R> => {
		called.push(path);
		return { options: {} } as R;
	};
	return { called, api };
}
afterEach(() => vi.unstubAllGlobals());

test("what needs no step-up runs once and asks for nothing", async () => {
	const { called, api } = browser(async () => answer);
	expect(await steppingUp(api, async () => 7)).toBe(7);
	expect(called).toEqual([]);
});
test("what needs one asks for the passkey once and runs again", async () => {
	const { called, api } = browser(async () => answer);
	let runs = 0;
	const run = async () => {
		if (++runs === 1) throw wanted();
		return "done";
	};
	expect(await steppingUp(api, run)).toBe("done");
	expect(called).toEqual(["/v1/stepup/begin", "/v1/stepup/finish"]);
});
test("a second refusal is the caller's, and no second passkey is asked for", async () => {
	const { called, api } = browser(async () => answer);
	const run = async () => {
		throw wanted();
	};
	await expect(steppingUp(api, run)).rejects.toThrow();
	expect(called).toHaveLength(2);
});
test("who cancels is told so, and nothing runs again", async () => {
	const { called, api } = browser(() => Promise.reject(new DOMException("no", "NotAllowedError")));
	let runs = 0;
	const run = async () => {
		runs++;
		throw wanted();
	};
	await expect(steppingUp(api, run)).rejects.toMatchObject({ error: { reason: "stepup.cancelled" } });
	expect(runs).toBe(1);
	expect(called).toEqual(["/v1/stepup/begin"]);
});
test("a browser without passkeys says so", async () => {
	const { api } = browser(async () => answer);
	vi.stubGlobal("PublicKeyCredential", undefined);
	await expect(register(api, "Desk", "secret")).rejects.toMatchObject({ error: { reason: "stepup.browser" } });
});
