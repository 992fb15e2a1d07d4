<?php
require __DIR__ . '/send.php';
[$status, $answer] = send(getenv('EVENTS_URL'), getenv('EVENTS_SECRET'), stream_get_contents(STDIN));
echo "$status $answer";
