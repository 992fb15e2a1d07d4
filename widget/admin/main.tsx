import { render } from "preact";
import "../kit/ui/index.css";
import "./frame.css";
import "./page.css";
import "./table.css";
import "./form.css";
import "./editor.css";
import "./chart.css";
import "./mail.css";
import "./narrow.css";
import { look, prefs, speak } from "../kit/ui";
import { App } from "./app";
import { follow } from "./guard";

const words = (ar: boolean) =>
	ar ? import("./i18n/ar.json", { with: { type: "json" } }) : import("./i18n/en.json", { with: { type: "json" } });

void speak(prefs.value.lang, words).then(() => {
	follow();
	look();
	const root = document.getElementById("app");
	if (root) render(<App />, root);
});
