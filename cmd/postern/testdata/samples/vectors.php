<?php
require $argv[1] . '/receipt.php';
$v = json_decode(file_get_contents($argv[2]), true);
$r = $v['receipt'];
$change = $v['change']['change'];
$me = ['gateway' => 'https://chat.site.test', 'audience' => $v['commit']['host'], 'own_key' => $v['witness']['key_b64url'], 'minimum' => ['email.change' => 'A3']];
$run = fn (int $now) => check(['change' => $change, 'receipt' => $r['jws']], $me, [$r['key'] + ['kid' => $r['kid']]], [], ['u-vic' => ['version' => 1]], $now);
echo change_digest($change), ' ', $run($r['at'])['commit'], "\n";
try {
    $run($r['at'] + 120);
} catch (Refused $e) {
    echo $e->getMessage(), "\n";
}
