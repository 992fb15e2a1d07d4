import type { IconName, Tone } from "../kit/ui";

type Look = { icon: IconName; fill?: boolean; tone: Tone };
const none: Look = { icon: "lock", tone: "plain" };
const waits: Look = { icon: "half", tone: "wait" };
const yes: Look = { icon: "gate", fill: true, tone: "ok" };
const no: Look = { icon: "stop", tone: "stop" };
const over: Look = { icon: "clock", tone: "plain" };

/** The gate's states look the same in every screen: icon, word and colour together (web.md §9). */
export function gateLook(state: string): Look {
	switch (state) {
		case "offered":
		case "challenged":
		case "matched":
		case "cooling":
		case "unsettled":
			return waits;
		case "proven":
		case "released":
		case "applied":
			return yes;
		case "denied":
		case "disowned":
		case "revoked":
		case "failed":
		case "refused":
			return no;
		case "expired":
		case "withdrawn":
			return over;
	}
	return none;
}
/** States in which something can still happen. */
export function live(state: string): boolean {
	return ["draft", "offered", "challenged", "matched", "proven", "cooling", "released", "unsettled"].includes(state);
}
/** States from which staff may take a change back (before anything is released). */
export function mayWithdraw(state: string): boolean {
	return ["draft", "offered", "challenged", "matched", "proven", "cooling"].includes(state);
}
