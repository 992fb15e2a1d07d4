// One socket.io node: rooms, messages to everybody else in the room, an answer to the sender. Nothing is stored.
// With the URL of a Redis as argument it shares rooms with the other nodes. Ends with its standard input.
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import { createClient } from 'redis'
import { Server } from 'socket.io'

const http = createServer()
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
const url = process.argv[2]
if (url) {
  const pub = createClient({ url })
  const sub = pub.duplicate()
  await Promise.all([pub.connect(), sub.connect()])
  io.adapter(createAdapter(pub, sub))
}
io.on('connection', (socket) => {
  socket.on('join', async (room, answer) => {
    await socket.join(room)
    answer()
  })
  socket.on('message', (room, text, answer) => {
    socket.to(room).emit('message', text)
    answer()
  })
})
http.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${http.address().port}`))
process.stdin.on('end', () => process.exit(0)).resume()
