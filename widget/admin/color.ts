/** The smallest contrast that text may have on its ground (WCAG 2.2, 1.4.3). */
export const ENOUGH = 4.5;

type RGB = [number, number, number];
function rgb(hex: string): RGB {
	const n = Number.parseInt(hex.slice(1), 16);
	return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}
function light([r, g, b]: RGB): number {
	const lin = (v: number) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
	return 0.2126 * lin(r) + 0.7152 * lin(g) + 0.0722 * lin(b);
}
/** Contrast of white text on the colour. */
export function contrast(hex: string): number {
	return 1.05 / (light(rgb(hex)) + 0.05);
}
/** The nearest darker shade that carries white text. */
export function passing(hex: string): string {
	const from = rgb(hex);
	for (let part = 1; part >= 0; part -= 0.01) {
		const to = `#${from
			.map((v) =>
				Math.floor(v * part)
					.toString(16)
					.padStart(2, "0"),
			)
			.join("")}`;
		if (contrast(to) >= ENOUGH) return to;
	}
	return "#000000";
}
