import { t } from "./i18n";
import "./stars.css";

type P = { legend: string; stars: number; choose(n: number): void };

/** One to five stars, as radio buttons: arrows choose, each has its words (key end.star). */
export function Stars({ legend, stars, choose }: P) {
	return (
		<fieldset>
			<legend>{legend}</legend>
			<div class="stars">
				{[1, 2, 3, 4, 5].map((n) => (
					<label key={n} class={n <= stars ? "star on" : "star"}>
						<input type="radio" name="stars" value={n} checked={stars === n} onChange={() => choose(n)} />
						<span class="sr">{t("end.star", { n })}</span>
						<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
							<path d="m12 3.5 2.6 5.5 6 .8-4.4 4.2 1.1 6L12 17l-5.3 3 1.1-6-4.4-4.2 6-.8Z" />
						</svg>
					</label>
				))}
			</div>
		</fieldset>
	);
}
