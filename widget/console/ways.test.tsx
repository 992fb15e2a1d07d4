// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import { type Texts, use } from "../kit/i18n";
import shared from "../kit/i18n/en.json";
import staff from "../kit/i18n/staff/en.json";
import type { Agent, Row } from "../kit/wire";
import en from "./i18n/en.json";
import { List } from "./list";
import type { Session } from "./session";
import * as st from "./state";

/** The lists' line of a ticket that came this way: its icon, its words for the ear, and what it is about. */
function line(origin: string | undefined): { icon: string; ear: string; words: string; first: boolean } {
	const r: Row = {
		id: "cv_1",
		mailbox: "mb_1",
		channel: "email",
		status: "open",
		assignee: "ag_1",
		seq: 1,
		started_at: 1000,
		subject: "My parcel",
		origin,
	};
	st.rows.value = { [r.id]: r };
	const root = document.body.appendChild(document.createElement("div"));
	render(<List s={{} as Session} />, root);
	const about = root.querySelector("[data-row] bdi");
	const svg = about?.parentElement?.querySelector("svg");
	const said = {
		icon: svg?.innerHTML ?? "",
		ear: about?.parentElement?.querySelector(".sr")?.textContent ?? "",
		words: about?.textContent ?? "",
		first: about?.parentElement?.firstElementChild === svg,
	};
	render(null, root);
	return said;
}

test("P85: each channel has an icon of its own before the subject, and its name for the ear; an unknown one is Web's", () => {
	use("en", shared as Texts, staff as Texts, en as Texts);
	st.me.value = { id: "ag_1", role: "agent" } as Agent;
	st.place.value = "mine";
	const names = {
		web: "Web",
		email: "Email",
		api: "API",
		phone: "Phone",
		review: "Review",
		social: "Social",
		internal: "Internal",
	};
	const icons = new Map<string, string>();
	for (const [origin, name] of Object.entries(names)) {
		const said = line(origin);
		expect(said).toMatchObject({ ear: `${name}: `, words: "My parcel", first: true });
		expect(said.icon).not.toBe("");
		icons.set(said.icon, origin);
	}
	expect([...icons.values()]).toEqual(Object.keys(names));
	for (const origin of [undefined, "pigeon"]) expect(line(origin)).toEqual(line("web"));
});
