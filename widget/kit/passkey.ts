import { CommandError } from "./socket";

/** What a browser gives and takes as JSON (WebAuthn level 3 §5.1.8, §5.1.9). */
type Json = Record<string, unknown>;
type Answer = { toJSON(): Json };
type Reader = {
	parseCreationOptionsFromJSON?(o: Json): PublicKeyCredentialCreationOptions;
	parseRequestOptionsFromJSON?(o: Json): PublicKeyCredentialRequestOptions;
};
type Call = <R>(method: string, path: string, body?: object) => Promise<R>;

const refused = (reason: string): CommandError => new CommandError({ code: "forbidden", reason, retry: "no" });
/** The reason of a refusal, "" for all else. */
export function reasonOf(e: unknown): string {
	return (e instanceof CommandError && e.error.reason) || "";
}

/** Makes a passkey in this browser. Errors: stepup.cancelled, stepup.browser. */
async function make(options: Json): Promise<Json> {
	const read = reader();
	if (!read?.parseCreationOptionsFromJSON) throw refused("stepup.browser");
	const publicKey = read.parseCreationOptionsFromJSON(options);
	return answered(navigator.credentials.create({ publicKey }));
}
async function show(options: Json): Promise<Json> {
	const read = reader();
	if (!read?.parseRequestOptionsFromJSON) throw refused("stepup.browser");
	const publicKey = read.parseRequestOptionsFromJSON(options);
	return answered(navigator.credentials.get({ publicKey }));
}
function reader(): Reader | undefined {
	return (globalThis as unknown as { PublicKeyCredential?: Reader }).PublicKeyCredential;
}
async function answered(from: Promise<Credential | null>): Promise<Json> {
	let got: Credential | null;
	try {
		got = await from;
	} catch (e) {
		throw refused(e instanceof DOMException && e.name === "InvalidStateError" ? "stepup.known" : "stepup.cancelled");
	}
	if (!got) throw refused("stepup.cancelled");
	return (got as unknown as Answer).toJSON();
}

/** Shows a passkey: this session may do what is sensitive for five minutes. Errors: forbidden with a stepup reason. */
export async function stepUp(api: Call): Promise<void> {
	const { options } = await api<{ options: Json }>("POST", "/v1/stepup/begin", {});
	await api("POST", "/v1/stepup/finish", { response: await show(options) });
}
/** Runs what may be refused for want of a step-up; then a passkey is asked for, once, and it runs again. */
export async function steppingUp<R>(api: Call, run: () => Promise<R>): Promise<R> {
	try {
		return await run();
	} catch (e) {
		if (reasonOf(e) !== "stepup.required") throw e;
	}
	await stepUp(api);
	return run();
}
/** Registers a passkey of this browser; "" as password = show one that is registered already. */
export async function register<R>(api: Call, name: string, password: string): Promise<R> {
	const { options } = await steppingUp(api, () => api<{ options: Json }>("POST", "/v1/passkeys/begin", { password }));
	return api<R>("POST", "/v1/passkeys", { name, response: await make(options) });
}
