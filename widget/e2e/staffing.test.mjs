// How many agents a load needs, as an admin asks it (mail-and-routing.md 2.7).
import { strict as assert } from "node:assert";
import { signIn, t } from "./kit/people.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let ada;

const field = (key) => ada.page.getByLabel(t(`a.staffing.${key}`), { exact: true });
const run = () => ada.page.getByRole("button", { name: t("a.staffing.run"), exact: true }).click();
const needed = () => ada.page.locator(".figure").filter({ hasText: t("a.staffing.agents") }).locator("b");

scene("the simulation says how many agents are needed, draws the wait, and says so when no number is enough", async () => {
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.goto(`${s.demo.admin}#/staffing`);
	await ada.page.locator("main h1").waitFor();
	await run();
	await needed().waitFor();
	const few = Number(await needed().textContent());
	const rows = ada.page.locator("main tbody tr");
	assert.equal(await ada.page.locator("svg.chart rect.bar").count(), await rows.count());
	assert.equal(await ada.page.locator("svg.chart rect.bar.ok").count(), await rows.filter({ has: ada.page.getByText(t("a.staffing.enough"), { exact: true }).and(ada.page.locator(".badge")) }).count());
	await axe(ada.page, "admin-staffing");
	await shot(ada.page, "admin-staffing");
	await ada.page.locator("svg.chart").scrollIntoViewIfNeeded();
	await ada.page.locator("main tbody tr").last().scrollIntoViewIfNeeded();
	await shot(ada.page, "admin-staffing-chart");
	await field("perhour").fill("400");
	await run();
	await needed().filter({ hasNotText: `${few}` }).waitFor();
	assert.ok(Number(await needed().textContent()) > few);
	await field("absent").fill("60");
	await run();
	await ada.page.getByText(t("a.staffing.none"), { exact: true }).waitFor();
	await field("absent").fill("95");
	await run();
	await ada.page.getByText(t("a.error.absent")).waitFor();
	await field("absent").fill("10");
	await run();
	await needed().waitFor();
	await ada.page.setViewportSize({ width: 320, height: 720 });
	await ada.page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
	await axe(ada.page, "admin-staffing-narrow");
	await shot(ada.page, "admin-staffing-narrow");
});
