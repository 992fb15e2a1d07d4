// Silence: a visitor who does not answer is warned, and one press says that he is still there (P44).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { everyWay } from "./kit/looks.mjs";
import { accept, like, log, onDuty, openPanel, replies, say, startChat, t, tabTo, thread, visit } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
/** The shortest silence is a minute, and the machine may be busy. */
const PATIENT = { timeout: 180_000 };
let mia;
let noor;
let f;

/** @param {import("./kit/words.mjs").Lang} lang */
const warning = (lang = "en") => f.getByRole("alert").filter({ hasText: say(lang, "line.idling") });
const stay = () => f.getByRole("button", { name: t("chat.stay"), exact: true });
/** The page anew, with the panel on the conversation: what it shows it has read from the gateway. */
async function reloads() {
	await noor.page.reload();
	f = await openPanel(noor.page);
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await log(f).getByText("Which one, please?").waitFor();
}

scene("P44: warned while he had no network, he reads it once he is back, in every look and in Arabic", async () => {
	const ada = await Staff.in(s.demo.gateway, "ada@shop.example");
	await ada.change("orders", { idle: { chat_warn: 1, chat_end: 30, ticket_warn: 720, ticket_end: 1440 } });
	mia = await onDuty(s, "mia", "mia@shop.example");
	noor = await s.world.person("noor");
	f = await visit(s.demo, noor);
	await startChat(f, "Where is my parcel?", { name: "Noor" });
	await accept(mia.page);
	await replies(mia.page, "Which one, please?");
	await log(f).getByText("Which one, please?").waitFor();
	await noor.context.setOffline(true);
	await f.getByText(t("trouble.offline")).waitFor();
	await thread(mia.page).getByText(like("sys.idling")).waitFor(PATIENT);
	assert.equal(await warning().count(), 0);
	await noor.context.setOffline(false);
	await warning().waitFor();
	await everyWay(noor.page, "panel-idle");
	await noor.page.evaluate(() => window.Postern("locale", "ar"));
	await warning("ar").waitFor();
	assert.equal(await f.locator("html").getAttribute("dir"), "rtl");
	await everyWay(noor.page, "panel-idle-ar");
}, 180);

scene("P44: a reload warns again; by keys, pressed twice, he says once that he is still there, and nothing warns him any more", async () => {
	/** @type {string[]} */
	const sent = [];
	/** @type {string[]} */
	const came = [];
	noor.page.on("websocket", (w) => {
		w.on("framesent", (m) => sent.push(String(m.payload)));
		w.on("framereceived", (m) => came.push(String(m.payload)));
	});
	const stayed = () => came.some((m) => m.includes('"conversation.stayed"'));
	await reloads();
	await warning().waitFor();
	await tabTo(noor.page, stay());
	await noor.page.keyboard.press("Enter");
	await noor.page.keyboard.press("Enter");
	await warning().waitFor({ state: "hidden" });
	const box = f.getByRole("textbox", { name: t("chat.write") });
	await until("the focus in the field", () => box.evaluate((e) => e === document.activeElement && document.hasFocus()));
	assert.equal(await f.getByText(t("line.idling")).count(), 0, "nothing of it is left");
	await thread(mia.page).getByText(t("sys.stayed")).waitFor();
	assert.equal(await thread(mia.page).getByText(t("sys.stayed")).count(), 1);
	assert.equal(sent.filter((m) => m.includes('"conversation.stay"')).length, 1);
	came.length = 0;
	await reloads();
	await until("the whole conversation", stayed);
	await warning().waitFor({ state: "hidden" });
	await box.waitFor();
});
