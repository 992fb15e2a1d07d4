<?php
// A small account backend: POSTERN_SAMPLE=CONFIG php -S HOST:PORT server.php. Its accounts and its burned
// commitments are one file.
declare(strict_types=1);
require __DIR__ . '/receipt.php';

$me = json_decode(file_get_contents(getenv('POSTERN_SAMPLE')), true, 64, JSON_THROW_ON_ERROR);
$store = $me['data'] . '/store.json'; // {"accounts": {sub: {…}}, "burned": {commit: {…}}, "log": {…}}

/** A published key set, fetched by ourselves and at most a minute old: a key that is gone is dead. */
function keys(string $url, string $folder): array {
    $cache = $folder . '/keys-' . hash('sha256', $url);
    if (is_file($cache) && time() - filemtime($cache) < 60) return read_json(file_get_contents($cache), 1 << 18)['keys'];
    $text = file_get_contents($url, false, stream_context_create(['http' => ['timeout' => 3, 'follow_location' => 0]]), 0, 1 << 18);
    if ($text === false) throw new RuntimeException('no keys');
    $keys = read_json($text, 1 << 18)['keys'];
    put($cache, $text);
    return $keys;
}

/** All or nothing: the new file takes the old one's place when it is complete on the disk. */
function put(string $path, string $text): void {
    $new = tempnam(dirname($path), 'new');
    $f = fopen($new, 'w');
    if (fwrite($f, $text) !== strlen($text) || !fflush($f) || !fsync($f) || !fclose($f) || !rename($new, $path)) throw new RuntimeException('not stored');
}

/** One at a time, also among the server's processes. */
function locked(string $store, callable $f): mixed {
    $lock = fopen($store . '.lock', 'c');
    if (!flock($lock, LOCK_EX)) throw new RuntimeException('no lock');
    try {
        return $f(json_decode(file_get_contents($store), true, 64, JSON_THROW_ON_ERROR));
    } finally {
        fclose($lock);
    }
}

/** Step 10: look whether it was done, check, burn, change, in one transaction. */
function apply(array $m, array $me, string $store): array {
    $chg = change_digest($m['change'] ?? null);
    $gateway_keys = keys($me['gateway_keys'], $me['data']);
    $provider_keys = keys($me['provider']['keys'], $me['data']);
    return locked($store, function (array $s) use ($m, $me, $store, $chg, $gateway_keys, $provider_keys): array {
        $burned = is_string($m['commit'] ?? null) ? $s['burned'][$m['commit']] ?? null : null;
        if ($burned && same($burned['chg'], $chg)) return $burned['answer'];
        if ($burned) refuse('receipt.already_used');
        $c = check($m, $me, $gateway_keys, $provider_keys, $s['accounts'], time());
        $account = $s['accounts'][$c['sub']];
        if ($m['change']['base'] !== '*' && $m['change']['base'] !== (string) $account['version']) refuse('change.base');
        $account = ['version' => $account['version'] + 1] + $m['change']['fields'] + $account;
        $answer = ['result' => 'applied', 'version' => (string) $account['version']];
        $s['accounts'][$c['sub']] = $account;
        $s['burned'][$c['commit']] = ['chg' => $chg, 'answer' => $answer];
        put($store, json_encode(remember($s, $c['log']), JSON_THROW_ON_ERROR | JSON_FORCE_OBJECT));
        return $answer;
    });
}

/** Step 11: the gateway's log only grows. A smaller head, or another root of the same size, is for a person. */
function remember(array $s, array $log): array {
    $old = $s['log'] ?? $log;
    if ($log['size'] < $old['size'] || $log['size'] === $old['size'] && $log['root'] !== $old['root']) {
        error_log('alarm: the gateway\'s log was ' . json_encode($old) . ' and is ' . json_encode($log));
    } else $s['log'] = $log;
    return $s;
}

function take(array $me, string $store): array {
    $body = file_get_contents('php://input', false, null, 0, 65537);
    if ($_SERVER['REQUEST_METHOD'] !== 'POST' || $_SERVER['REQUEST_URI'] !== '/postern' || isset($_SERVER['HTTP_CONTENT_ENCODING'])) refuse('json.invalid');
    $m = read_json($body, 65536);
    if (($m['type'] ?? '') === 'change.apply') return [200, apply($m, $me, $store)];
    if (($m['type'] ?? '') !== 'change.settle') return [204, null];
    $commit = is_string($m['commit'] ?? null) ? $m['commit'] : '';
    return [200, locked($store, fn (array $s) => $s['burned'][$commit]['answer'] ?? ['result' => 'unknown'])];
}

try {
    [$status, $answer] = take($me, $store);
} catch (Refused $e) {
    $code = $e->getMessage();
    $status = in_array($code, ['receipt.already_used', 'change.base'], true) ? 409 : (preg_match('/^(change|json)\./', $code) ? 400 : 403);
    $answer = ['code' => $code];
} catch (Throwable $e) { // our own fault: 500, so that the gateway asks again
    error_log(get_class($e));
    [$status, $answer] = [500, ['code' => 'internal']];
}
http_response_code($status);
header('Content-Type: application/json');
if ($answer !== null) echo json_encode($answer, JSON_UNESCAPED_SLASHES);
