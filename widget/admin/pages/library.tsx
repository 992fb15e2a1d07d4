import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, ask, Button, putBytes, toast } from "../../kit/ui";
import type { FileRef } from "../../kit/wire";
import { useLoad, wrong } from "../data";
import { First, Head, Loaded, RowActs, Table } from "../parts";

/** Sends a file in parts and makes it public. */
async function publish(f: File): Promise<void> {
	type Answer = { file: { id: string; part_size: number } };
	const { file } = await api<Answer>("POST", "/v1/library", { name: f.name, size: f.size });
	for (let n = 0; n * file.part_size < f.size; n++)
		await putBytes(`/v1/files/${file.id}/${n}`, f.slice(n * file.part_size, (n + 1) * file.part_size));
	await api("PUT", `/v1/library/${file.id}`);
}

/** Files that agents may send to anybody, also to people who have proven nothing. */
export function LibraryPage(): JSX.Element {
	const list = useLoad<{ files: FileRef[] }>("/v1/library");
	const input = useRef<HTMLInputElement>(null);
	const [busy, setBusy] = useState(false);
	const add = async (f: File | undefined) => {
		if (!f) return;
		setBusy(true);
		try {
			await publish(f);
			toast(t("a.library.added", { name: f.name }), "ok");
			await list.reload();
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
		setBusy(false);
	};
	const drop = async (f: FileRef) => {
		const sure = await ask({
			title: t("a.library.remove", { name: f.name }),
			text: t("a.library.remove.text"),
			action: t("a.library.remove.go"),
			icon: "trash",
			stop: true,
		});
		if (!sure) return;
		try {
			await api("DELETE", `/v1/library/${f.id}`);
			await list.reload();
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	const create = (
		<Button look="main" icon="plus" busy={busy} onClick={() => input.current?.click()}>
			{t("a.library.add")}
		</Button>
	);
	return (
		<>
			<input
				ref={input}
				type="file"
				hidden
				aria-label={t("a.library.add")}
				onChange={(e) => {
					void add(e.currentTarget.files?.[0]);
					e.currentTarget.value = "";
				}}
			/>
			<Head title={t("a.library")} hint={t("a.library.hint")}>
				{list.data?.files.length ? create : null}
			</Head>
			<Loaded from={list}>
				{(d) =>
					d.files.length ? (
						<Table
							label={t("a.library")}
							rows={d.files}
							id={(f) => f.id}
							columns={[
								{ id: "name", label: t("a.library.name"), grow: true, cell: (f) => <bdi>{f.name}</bdi> },
								{ id: "type", label: t("a.library.type"), cell: (f) => f.type },
								{
									id: "acts",
									label: t("a.actions"),
									cell: (f) => <RowActs what={f.name} onDelete={() => void drop(f)} />,
								},
							]}
						/>
					) : (
						<First icon="file" title={t("a.library.none")} text={t("a.library.none.text")}>
							{create}
						</First>
					)
				}
			</Loaded>
		</>
	);
}
