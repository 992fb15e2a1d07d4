// A provider on a free loopback port, for the tests of verify/oidc. Its first line on stdout is its issuer; it ends
// with its stdin. The one argument is the client's public key as a JWK.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
	const issuer = `http://127.0.0.1:${server.address().port}`;
	const shared = { redirect_uris: ["http://localhost:1/verify/callback"], grant_types: ["authorization_code"], response_types: ["code"] };
	const jwks = { keys: [JSON.parse(process.argv[2])] };
	const provider = new Provider(issuer, {
		clients: [
			{ ...shared, client_id: "with-secret", client_secret: "a secret & more" },
			{
				...shared,
				client_id: "with-key",
				token_endpoint_auth_method: "private_key_jwt",
				token_endpoint_auth_signing_alg: "ES256",
				request_object_signing_alg: "ES256",
				jwks,
			},
		],
		acrValues: ["phr"],
		cookies: { keys: ["only for tests"] },
		enabledJWA: { requestObjectSigningAlgValues: ["ES256"], clientAuthSigningAlgValues: ["ES256"] },
		features: {
			requestObjects: { enabled: true },
			pushedAuthorizationRequests: { enabled: process.argv[3] !== "no-par" },
		},
	});
	server.on("request", provider.callback());
	console.log(issuer);
});
process.stdin.on("end", () => process.exit(0)).resume();
