import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { Icon } from "../../kit/ui";
import { type Host, useLoad, type Verification } from "../data";
import { Head, Loaded, Part } from "../parts";
import { Kinds } from "./kinds";
import { WaitingPolicy } from "./policy";
import { NewSource, Sources } from "./sources";

/** The gate as the files have it. The only thing that changes here is that a kind is off. */
export function VerificationPage(): JSX.Element {
	const gate = useLoad<Verification>("/v1/verification", 10_000);
	const [making, setMaking] = useState(false);
	return (
		<>
			<Head title={t("a.verification")} hint={t("a.verification.hint")} />
			<Loaded from={gate}>
				{(v) => (
					<>
						{v.off && (
							<p class="notice wait" role="status">
								<Icon name="warn" />
								<span>
									<b>{t("a.gate.off")}</b> <code dir="ltr">{v.off}</code>
								</span>
							</p>
						)}
						{v.waits && <WaitingPolicy w={v.waits} reload={gate.reload} />}
						<Kinds v={v} reload={gate.reload} />
						<Sources v={v} reload={gate.reload} onNew={() => setMaking(true)} />
						<Hosts hosts={v.hosts} />
						{v.policy && (
							<p class="hint">
								{t("a.gate.policy")} <code dir="ltr">{v.policy}</code>
							</p>
						)}
						{making && <NewSource hosts={v.hosts} onClose={() => setMaking(false)} />}
					</>
				)}
			</Loaded>
		</>
	);
}

function Hosts({ hosts }: { hosts: Host[] }): JSX.Element {
	return (
		<Part title={t("a.hosts")} hint={t("a.hosts.hint")} class="wide">
			{!hosts.length && <p class="quiet-text">{t("a.hosts.none")}</p>}
			{hosts.map((h) => (
				<dl class="facts" key={h.name} aria-label={h.name}>
					<dt>{t("a.host")}</dt>
					<dd>
						<b>{h.name}</b>
					</dd>
					{(["audience", "site", "verify_url", "delivery_url", "recovery_url"] as const).map((k) => (
						<>
							<dt key={`${k}-t`}>{t(`a.host.${k}`)}</dt>
							<dd key={k} dir="ltr">
								{h[k] || "–"}
							</dd>
						</>
					))}
					<dt>{t("a.host.sessions")}</dt>
					<dd>{t(h.sessions ? "a.yes" : "a.host.sessions.no")}</dd>
				</dl>
			))}
		</Part>
	);
}
