import { render } from "preact";
import "../kit/tokens.css";
import "./rate.css";
import { keepFocus } from "../kit/focus";
import { App } from "./app";
import { speak } from "./lang";

// Another link of the same page: everything begins anew.
addEventListener("hashchange", () => location.reload());
void speak(navigator.language).then(() => {
	const root = document.getElementById("app");
	if (!root) return;
	keepFocus(root);
	render(<App />, root);
});
