import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { clock } from "../kit/time";
import type { Kept } from "./kept";
import { Lines } from "./lines";
import { useLogin } from "./login";

/** Shows nothing of a conversation before the login, and for ten minutes after it. */
export function App({ kept, back }: { kept: Kept | undefined; back: string }): JSX.Element {
	const { at, shown, login, again } = useLogin(kept, back, (a) => a.read());
	const press = at === "ask" || at === "failed";
	return (
		<main>
			<h1>{t("transcript.title")}</h1>
			<p role="status">
				{at === "text" ? t("transcript.until", { time: clock(shown?.until ?? 0) }) : t(`transcript.${at}`)}
			</p>
			{press && <p class="quiet">{t("transcript.only")}</p>}
			{press && (
				<button type="button" class="main" onClick={login}>
					{t("transcript.login")}
				</button>
			)}
			{shown && <Lines text={shown} />}
			{(at === "over" || at === "many" || at === "trouble") && (
				<button type="button" onClick={again}>
					{t("transcript.again")}
				</button>
			)}
		</main>
	);
}
