<?php
/** Posts a login event (JSON); $secret is whsec_…. Gives status and answer. */
function send(string $url, string $secret, string $event): array
{
    $key = base64_decode(substr($secret, strlen('whsec_')), true);
    $id = 'ev_' . bin2hex(random_bytes(16));
    $ts = (string) time();
    $mac = base64_encode(hash_hmac('sha256', "$id.$ts.$event", $key, true));
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'content' => $event,
        'header' => [
            'Content-Type: application/json',
            "webhook-id: $id",
            "webhook-timestamp: $ts",
            "webhook-signature: v1,$mac",
        ],
        'timeout' => 5,
        'follow_location' => 0,
        'ignore_errors' => true,
    ]]);
    $answer = file_get_contents($url, false, $context);
    return [(int) explode(' ', $http_response_header[0])[1], $answer];
}
