import { render } from "preact";
import "../kit/tokens.css";
import "../kit/ui/base.css";
import "./admin.css";
import { use } from "../kit/i18n";
import { App } from "./app";
import { follow } from "./guard";
import { look, prefs } from "./prefs";

/** The language: what was chosen in this browser, else the browser's own. */
async function speak(): Promise<void> {
	const lang = prefs().lang ?? navigator.language;
	const ar = lang.startsWith("ar");
	const [kit, own] = ar
		? await Promise.all([
				import("../kit/i18n/ar.json", { with: { type: "json" } }),
				import("./i18n/ar.json", { with: { type: "json" } }),
			])
		: await Promise.all([
				import("../kit/i18n/en.json", { with: { type: "json" } }),
				import("./i18n/en.json", { with: { type: "json" } }),
			]);
	use(ar ? "ar" : "en", kit.default, own.default);
	document.documentElement.lang = ar ? "ar" : "en";
	document.documentElement.dir = ar ? "rtl" : "ltr";
}
void speak().then(() => {
	follow();
	look();
	const root = document.getElementById("app");
	if (root) render(<App />, root);
});
