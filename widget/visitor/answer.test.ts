import { expect, test } from "vitest";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";

test("the answer's texts are in both languages", () => {
	expect(Object.keys(ar)).toEqual(Object.keys(en));
});
