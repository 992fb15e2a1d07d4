// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import { empty } from "../kit/conversation";
import type { VisitorHello } from "../kit/wire";
import { Messages } from "./messages";
import * as st from "./state";

test("the list shows what has become of a chat since it was read: its number, and that it is over", () => {
	const chat = {
		id: "cv_1",
		mailbox: "mb_1",
		channel: "chat",
		status: "queued",
		seq: 3,
		started_at: 1,
		first_words: "Hello",
	};
	st.hello.value = { conversations: [chat] } as unknown as VisitorHello;
	const root = document.body.appendChild(document.createElement("div"));
	render(<Messages />, root);
	expect(root.textContent).not.toContain("chat.number");
	st.views.value = { cv_1: { ...empty("cv_1"), status: "open", number: 7 } };
	render(<Messages />, root);
	expect(root.textContent).toContain("chat.number"); // the key: no texts are loaded here
	expect(root.textContent).not.toContain("line.closed");
	st.views.value = { cv_1: { ...empty("cv_1"), status: "closed", number: 7 } };
	render(<Messages />, root);
	expect(root.textContent).toContain("line.closed");
	render(null, root);
});
