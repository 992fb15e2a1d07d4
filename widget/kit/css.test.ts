import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const sheets = ["kit", "kit/ui", "visitor", "rate", "continue", "console", "admin", "verify", "help"].flatMap((d) =>
	readdirSync(d)
		.filter((f) => f.endsWith(".css") && f !== "tokens.css")
		.map((f) => `${d}/${f}`),
);
/** Lines of a sheet without comments and without media conditions, where tokens cannot stand. */
function lines(path: string): string[] {
	const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
	return text.split("\n").filter((l) => !/^\s*@(media|container)/.test(l));
}
test("colours, sizes and durations stand in tokens.css only", () => {
	expect(sheets.length).toBeGreaterThan(3);
	const bad = /#[\da-f]{3,8}\b|\brgba?\(|\bhsla?\(|\b\d*\.?\d+(px|rem|em|ms|s)\b/i;
	for (const s of sheets)
		expect(
			lines(s).filter((l) => /:/.test(l) && bad.test(l)),
			s,
		).toEqual([]);
});
test("nothing is left or right: every side is logical", () => {
	const bad =
		/(^|[\s;{-])(left|right)\s*:|(margin|padding|border)-(left|right|top|bottom)|text-align:\s*(left|right)|float:\s*(left|right)/;
	for (const s of sheets)
		expect(
			lines(s).filter((l) => bad.test(l)),
			s,
		).toEqual([]);
});
