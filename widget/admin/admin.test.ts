import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contrast, ENOUGH, passing } from "./color";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";
import { originOf } from "./origin";

type File = Record<string, string | Record<string, string>>;
const holes = (v: string | Record<string, string> | undefined) =>
	typeof v === "string"
		? [...v.matchAll(/\{([\w]+)\}/g)].map((m) => m[1]).sort()
		: Object.keys(v ?? {}).includes("other");

describe("the admin's texts", () => {
	it("has every key and placeholder in both languages", () => {
		expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
		for (const k of Object.keys(en)) expect([k, holes((ar as File)[k])]).toEqual([k, holes((en as File)[k])]);
	});
	it("has every key that the pages name", () => {
		const folder = new URL(".", import.meta.url).pathname;
		const files = ["", "pages"].flatMap((f) =>
			readdirSync(join(folder, f))
				.filter((n) => /\.tsx?$/.test(n) && !n.includes(".test."))
				.map((n) => readFileSync(join(folder, f, n), "utf8")),
		);
		const named = [...files.join("\n").matchAll(/\bt\(\s*"(a\.[\w.]+)"/g)].map((m) => m[1] ?? "");
		expect(named.length).toBeGreaterThan(200);
		expect(named.filter((k) => !(k in en))).toEqual([]);
	});
});

describe("a mailbox's colour", () => {
	it("knows the contrast of white on it", () => {
		expect(contrast("#000000")).toBeCloseTo(21, 1);
		expect(contrast("#ffffff")).toBeCloseTo(1, 2);
	});
	it("offers the nearest darker shade that passes, and keeps one that passes", () => {
		for (const c of ["#ffcc00", "#00ff00", "#ffffff", "#7aa2ff"])
			expect(contrast(passing(c))).toBeGreaterThanOrEqual(ENOUGH);
		expect(passing("#2f4bc7")).toBe("#2f4bc7");
	});
});

describe("an origin", () => {
	it("takes https, http on this machine only, and nothing else", () => {
		expect(originOf("https://shop.example.com/a?b#c")).toBe("https://shop.example.com");
		expect(originOf("shop.example.com")).toBe("https://shop.example.com");
		expect(originOf("http://127.0.0.1:8090")).toBe("http://127.0.0.1:8090");
		for (const bad of ["http://shop.example.com", "javascript:alert(1)", "ftp://x", "https://", "data:text/html,x"])
			expect(originOf(bad)).toBe("");
	});
});
