// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { connects, Line } from "./line.fixture";
import * as st from "./state";

test("who types is shown for 6 s after the last sign, on this conversation only, never the visitor himself", async () => {
	vi.useFakeTimers();
	const s = connects();
	await vi.advanceTimersByTimeAsync(0);
	expect(s.socket.phase).toBe("live");
	st.current.value = "cv";
	const types = (conversation: string, role: string, on = true) =>
		Line.last.say({ sig: "typing", data: { conversation, by: { role, name: "Mia" }, on } });
	types("other", "agent");
	types("cv", "visitor");
	expect(st.typing.value).toBe("");
	types("cv", "agent");
	vi.advanceTimersByTime(5000);
	types("cv", "agent");
	vi.advanceTimersByTime(5999);
	expect(st.typing.value).toBe("Mia");
	vi.advanceTimersByTime(1);
	expect(st.typing.value).toBe("");
	types("cv", "agent");
	types("cv", "agent", false);
	expect(st.typing.value).toBe("");
});
