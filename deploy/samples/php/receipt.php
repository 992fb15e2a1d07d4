<?php
// The receipt check of proof-gate.md §3.9, steps 1 to 9. PHP's own openssl and nothing else.
declare(strict_types=1);

const KINDS = ['email.change' => ['email'], 'name.change' => ['name']]; // what this backend can do, and the fields of each
const TEXTS = ['iss', 'jti', 'use', 'sub', 'sub_iss', 'kind', 'chg', 'commit', 'challenge', 'conversation', 'salt', 'level', 'policy'];
const CLAIMS = [...TEXTS, 'aud', 'iat', 'exp', 't0', 'approved_at', 'cnf', 'fin', 'ev', 'log'];

/** Its message is the reason code that the gateway is answered. */
class Refused extends Exception {}

function refuse(string $reason): never { throw new Refused($reason); }
function object(mixed $v): bool { return is_array($v) && ($v === [] || !array_is_list($v)); }
function only(mixed $v, string ...$keys): bool { return object($v) && array_diff(array_map(strval(...), array_keys($v)), $keys) === []; }
function exactly(mixed $v, string ...$keys): bool { return only($v, ...$keys) && count($v) === count($keys); }
function whole(mixed $v): bool { return is_int($v) && $v >= 0 && $v < 1 << 40; }
function same(mixed $a, mixed $b): bool { return is_string($a) && is_string($b) && hash_equals($a, $b); }

function b64(string $bytes): string { return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '='); }

function unb64(mixed $text): string {
    $bytes = is_string($text) ? base64_decode(strtr($text, '-_', '+/'), true) : false;
    return $bytes !== false && $bytes !== '' && b64($bytes) === $text ? $bytes : refuse('json.invalid'); // one text for one value
}

/** Reads JSON strictly: no key twice or in two cases, at any depth, and no fractions. */
function read_json(string $text, int $limit): array {
    $value = strlen($text) <= $limit ? json_decode($text, true, 64) : null;
    if (!object($value) || ltrim($text)[0] !== '{') refuse('json.invalid');
    $open = []; // for each object or array that the scan is in: the keys so far
    preg_match_all('/"(?:[^"\\\\]|\\\\.)*+"(\s*:)?|[{}\[\]]|-?\d[\d.eE+-]*/s', $text, $tokens, PREG_SET_ORDER);
    foreach ($tokens as $t) {
        if ($t[0] === '{' || $t[0] === '[') $open[] = [];
        elseif ($t[0] === '}' || $t[0] === ']') array_pop($open);
        elseif (isset($t[1])) {
            $key = '_' . strtolower(json_decode(substr($t[0], 0, -strlen($t[1]))));
            if (isset($open[count($open) - 1][$key])) refuse('json.duplicate');
            $open[count($open) - 1][$key] = true;
        } elseif ($t[0][0] !== '"' && preg_match('/[.eE]/', $t[0])) refuse('json.invalid');
    }
    return $value;
}

/** RFC 8785, which for strings is JSON with sorted keys and no spaces. */
function jcs(array $value): string {
    ksort($value, SORT_STRING);
    $text = fn (string $v) => json_encode($v, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS | JSON_THROW_ON_ERROR);
    $members = array_map(fn ($k, $v) => $text((string) $k) . ':' . (is_array($v) ? jcs($v) : $text($v)), array_keys($value), $value);
    return '{' . implode(',', $members) . '}';
}

function digest(string $label, string $text): string { return b64(hash('sha256', $label . $text, true)); }

/** One value in DER (X.690): tag, length, content. */
function der(int $tag, string $content): string {
    $n = strlen($content);
    return chr($tag) . ($n < 128 ? chr($n) : ($n < 256 ? "\x81" . chr($n) : "\x82" . pack('n', $n))) . $content;
}

function integer(string $bytes): string {
    $bytes = ltrim($bytes, "\0");
    return der(2, $bytes === '' || ord($bytes[0]) > 127 ? "\0" . $bytes : $bytes);
}

function public_key(array $jwk): string {
    if (($jwk['kty'] ?? '') === 'EC' && ($jwk['crv'] ?? '') === 'P-256') {
        $point = str_pad(unb64($jwk['x']), 32, "\0", STR_PAD_LEFT) . str_pad(unb64($jwk['y']), 32, "\0", STR_PAD_LEFT);
        $info = der(0x30, der(6, hex2bin('2a8648ce3d0201')) . der(6, hex2bin('2a8648ce3d030107'))) . der(3, "\0\4" . $point);
    } elseif (($jwk['kty'] ?? '') === 'RSA') {
        $rsa = der(0x30, integer(unb64($jwk['n'])) . integer(unb64($jwk['e'])));
        $info = der(0x30, der(6, hex2bin('2a864886f70d010101')) . der(5, '')) . der(3, "\0" . $rsa);
    } else refuse('json.invalid');
    return "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode(der(0x30, $info)), 64, "\n") . "-----END PUBLIC KEY-----\n";
}

/** The algorithm is the one that belongs to the key, never the one that a token asks for. */
function signed(array $jwk, mixed $alg, mixed $sig, string $text): bool {
    try {
        $sig = unb64($sig);
        $key = openssl_pkey_get_public(public_key($jwk));
    } catch (Refused | TypeError) {
        return false;
    }
    if ($key === false) return false;
    if ($alg === 'ES256' && $jwk['kty'] === 'EC' && strlen($sig) === 64) {
        $sig = der(0x30, integer(substr($sig, 0, 32)) . integer(substr($sig, 32)));
    } elseif ($alg !== 'RS256' || $jwk['kty'] !== 'RSA' || openssl_pkey_get_details($key)['bits'] < 2048) return false;
    return openssl_verify($text, $sig, $key, OPENSSL_ALGO_SHA256) === 1;
}

/** The front door: form, header, key and signature of a token. It gives the claims. */
function door(mixed $raw, array $keys, array $typ, string $reason, int $limit = 16384, string ...$ignored): array {
    try {
        $parts = is_string($raw) && strlen($raw) <= $limit ? explode('.', $raw) : [];
        if (count($parts) !== 3) refuse($reason);
        $h = read_json(unb64($parts[0]), 4096);
        $claims = read_json(unb64($parts[1]), $limit);
    } catch (Refused) {
        refuse($reason);
    }
    $key = array_values(array_filter($keys, fn ($k) => ($k['kid'] ?? '') === ($h['kid'] ?? null)))[0] ?? null;
    $alg = $key['alg'] ?? (($key['kty'] ?? '') === 'EC' ? 'ES256' : 'RS256');
    $fits = $key && only($h, 'alg', 'typ', 'kid', ...$ignored) && ($h['alg'] ?? null) === $alg && in_array($h['typ'] ?? '', $typ, true);
    return $fits && signed($key, $alg, $parts[2], "$parts[0].$parts[1]") ? $claims : refuse($reason);
}

/** Step 3: the digest of what is about to be executed. Unknown kinds and fields are refused. */
function change_digest(mixed $change): string {
    if (!exactly($change, 'v', 'kind', 'base', 'fields') || !object($change['fields'])) refuse('change.schema');
    foreach ([$change['v'], $change['kind'], $change['base'], ...array_values($change['fields'])] as $v) {
        if (!is_string($v)) refuse('change.value');
    }
    $known = KINDS[$change['kind']] ?? refuse('change.schema');
    if ($change['v'] !== '1' || !exactly($change['fields'], ...$known)) refuse('change.schema');
    return digest("postern.change.v1\n", jcs($change));
}

/** Checks one delivery; gives the claims. $me is the configuration: gateway, audience, own_key, provider, minimum. */
function check(array $m, array $me, array $gateway_keys, array $provider_keys, array $accounts, int $now): array {
    $chg = change_digest($m['change'] ?? null);
    $c = door($m['receipt'] ?? null, $gateway_keys, ['postern-receipt+jwt'], 'receipt.sig'); // step 1
    $jwk = $c['cnf']['jwk'] ?? null;
    if (!only($c, ...CLAIMS) || array_filter(TEXTS, fn ($k) => !is_string($c[$k] ?? null)) || !exactly($c['cnf'] ?? 0, 'jwk') || !exactly($jwk, 'kty', 'crv', 'x', 'y')
        || !exactly($c['fin'] ?? 0, 'token', 'sig') || !exactly($c['log'] ?? 0, 'origin', 'size', 'root', 'leaf') || !whole($c['log']['size'])) refuse('receipt.sig');
    if ($c['iss'] !== $me['gateway'] || $c['use'] !== 'apply') refuse('receipt.iss'); // step 2
    if (!is_string($c['aud'] ?? null)) refuse('receipt.aud_single');
    if ($c['aud'] !== $me['audience']) refuse('receipt.aud');
    foreach (['iat', 'exp', 't0', 'approved_at'] as $k) if (!whole($c[$k] ?? null)) refuse('receipt.lifetime');
    if ($c['exp'] <= $c['iat'] || $c['exp'] - $c['iat'] > 120 || $c['iat'] > $now + 5) refuse('receipt.lifetime');
    if ($now >= $c['exp']) refuse('receipt.expired');
    if (!same($chg, $c['chg']) || $m['change']['kind'] !== $c['kind']) refuse('receipt.change_mismatch'); // step 3
    $bound = ['v' => '1', 'host' => $me['audience'], 'challenge' => $c['challenge'], 'conversation' => $c['conversation'], 'chg' => $chg,
        'jkt' => digest('', jcs($jwk)), 'salt' => $c['salt'], 't0' => (string) $c['t0']];
    if (!same(digest("postern.commit.v1\n", jcs($bound)), $c['commit'])) refuse('receipt.commit'); // step 4
    $level = evidence($c, $me, $provider_keys, $now); // step 5
    $finish = jcs(['v' => '1', 'challenge' => $c['challenge'], 'chg' => $chg, 'commit' => $c['commit'], 'token' => (string) $c['fin']['token']]);
    if (!signed($jwk, 'ES256', $c['fin']['sig'], "postern.finish.v1\n" . $finish)) refuse('finish.sig'); // step 6
    $since = $now - $c['t0'];
    if ($c['approved_at'] < $c['t0'] || $c['approved_at'] > $now + 5 || $since < -5 || $since > 780) refuse('receipt.expired'); // step 7
    if (($m['sub'] ?? $c['sub']) !== $c['sub'] || !isset($accounts[$c['sub']])) refuse('evidence.subject_mismatch'); // step 8
    if ($level < ($me['minimum'][$c['kind']] ?? 'never') || $level < $c['level']) refuse('receipt.level'); // step 9: A1 < A2 < A3 < never
    return $c;
}

/** Step 5: the level that the evidence reaches here, whatever the receipt says. */
function evidence(array $c, array $me, array $provider_keys, int $now): string {
    $ev = $c['ev'] ?? null;
    $kind = only($ev, 'kind', 'auth_time', 'witness', 'jwt') ? $ev['kind'] ?? '' : '';
    if ($kind === 'id_token') return id_token($ev['jwt'] ?? null, $c, $me['provider'], $provider_keys, $now);
    if ($kind !== 'event' && $kind !== 'witness') refuse('evidence.missing');
    if (!whole($ev['auth_time'] ?? null)) refuse('evidence.no_auth_time');
    if ($kind === 'witness') {
        $text = implode("\n", ['postern.witness.v1', $c['commit'], $c['chg'], $c['sub'], $ev['auth_time']]);
        $ok = $me['own_key'] !== '' && same(b64(hash_hmac('sha256', $text, unb64($me['own_key']), true)), $ev['witness'] ?? null);
        if (!$ok) refuse('evidence.witness');
    }
    if ($c['sub_iss'] !== $me['audience']) refuse('evidence.subject_mismatch');
    fresh($ev['auth_time'], $c, $now);
    return $kind === 'witness' ? 'A3' : 'A1';
}

function fresh(mixed $at, array $c, int $now): void {
    if (!whole($at)) refuse('evidence.no_auth_time');
    if ($at < $c['t0'] - 2) refuse('evidence.stale');
    if ($at > $now + 5) refuse('clock.skew');
}

function id_token(mixed $raw, array $c, array $idp, array $keys, int $now): string {
    if ($c['sub_iss'] !== $idp['issuer']) refuse('evidence.iss');
    $t = door($raw, $keys, ['', 'JWT'], 'evidence.sig', 8192, 'x5t'); // with the provider's keys, not the gateway's
    if (($t['iss'] ?? '') !== $idp['issuer']) refuse('evidence.iss');
    if (!in_array($t['aud'] ?? '', [$idp['client'], [$idp['client']]], true) || ($t['azp'] ?? $idp['client']) !== $idp['client']) refuse('evidence.aud');
    if (!same($t['nonce'] ?? null, $c['commit'])) refuse('evidence.nonce_mismatch');
    if (!whole($t['iat'] ?? null) || $t['iat'] < $c['t0'] - 2 || $t['iat'] > $now + 5) refuse('clock.skew');
    if (!whole($t['exp'] ?? null) || $t['exp'] <= $t['iat'] || $now >= $t['exp'] + 900) refuse('evidence.stale'); // freshness comes from t0
    fresh($t['auth_time'] ?? null, $c, $now);
    if (!same($t['sub'] ?? null, $c['sub'])) refuse('evidence.subject_mismatch');
    $said = [$t['acr'] ?? '', ...(is_array($t['amr'] ?? null) ? array_values($t['amr']) : [])];
    return array_filter($idp['strong'], fn ($s) => in_array($s, $said, true)) ? 'A3' : 'A2';
}
