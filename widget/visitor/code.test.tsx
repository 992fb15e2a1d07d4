// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test, vi } from "vitest";
import { t, use } from "../kit/i18n";
import en from "../kit/i18n/en.json";
import { finishText, newKey } from "../kit/key";
import type { VisitorHello } from "../kit/wire";
import { connects, Line } from "./line.fixture";
import * as st from "./state";
import { Verify } from "./verify";

const pending = { conversation: "cv", change: "ch", challenge: "cl", chg: "digest", commit: "commitment" };

test("a code is typed into the card, signed with the challenge, and a wrong one is said to be wrong", async () => {
	use("en", en);
	const key = await newKey();
	if (!key) throw new Error("no WebCrypto");
	const kinds = [{ name: "renewal.cancel", title: { en: "Cancel" }, tier: "plain", code: true }];
	const wrong = { error: { code: "proof_refused", reason: "code.wrong", retry: "no" } };
	const s = connects({ key, pending }, { kinds, answer: (c) => (c.cmd === "change.finish" ? wrong : undefined) });
	await vi.waitUntil(() => s.socket.phase === "live");
	const card = (state: string) =>
		render(<Verify s={s} frozen={false} c={{ change: "ch", kind: "renewal.cancel", state, at: 1 }} />, document.body);
	card("challenged");
	expect(document.querySelector("input")).toBeNull();
	expect(document.body.textContent).not.toContain(t("verify.password"));
	card("matched");
	const input = document.querySelector("input") as HTMLInputElement;
	input.value = "12345678";
	document.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));
	await vi.waitUntil(() => document.querySelector("[role=alert]")?.textContent === t("verify.wrong"));
	const args = Line.last.asked.find((c) => c.cmd === "change.finish")?.args ?? {};
	expect({ ...args, sig: "" }).toEqual({ conversation: "cv", change: "ch", code: "12345678", chg: "digest", sig: "" });
	const sig = Uint8Array.from(
		atob(
			String(args.sig ?? "")
				.replace(/-/g, "+")
				.replace(/_/g, "/"),
		),
		(ch) => ch.charCodeAt(0),
	);
	const text = new TextEncoder().encode(await finishText(pending, "cl\n12345678"));
	expect(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key.publicKey, sig, text)).toBe(true);
	expect((st.hello.value as VisitorHello).kinds[0]?.code).toBe(true);
});
