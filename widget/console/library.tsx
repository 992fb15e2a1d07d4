import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, Icon, MenuItem, Popover, words } from "../kit/ui";
import type { FileRef } from "../kit/wire";
import { size } from "./words";

/** Files of the public library: the only ones that go to somebody who has proven nothing. */
export function Library({ onPick }: { onPick(f: FileRef): void }): JSX.Element {
	const [files, setFiles] = useState<FileRef[]>();
	const [error, setError] = useState("");
	const read = async () => {
		try {
			const r = await api<{ files: FileRef[] }>("GET", "/v1/library");
			setFiles(r.files);
			setError("");
		} catch (e) {
			setError(words(e));
		}
	};
	return (
		<Popover
			label={t("composer.library")}
			button={<Icon name="file" />}
			class="icon-btn"
			onOpen={(open) => {
				if (open) void read();
			}}
		>
			{(close) => (
				<>
					{error && <p class="error pad">{error}</p>}
					{files?.length === 0 && <p class="hint pad">{t("composer.library.none")}</p>}
					{files?.map((f) => (
						<MenuItem
							key={f.id}
							icon="file"
							label={f.name}
							hint={size(f.size)}
							onPick={() => {
								onPick(f);
								close();
							}}
						/>
					))}
				</>
			)}
		</Popover>
	);
}
