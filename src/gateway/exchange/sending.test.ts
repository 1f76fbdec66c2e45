import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Sending } from './sending.ts'
import type { WriteSpace } from './write-space.ts'

/** `keeps`: what is written stays needed. */
function aSocket(keeps = false) {
  const said: string[] = []
  const kept: Buffer[] = []
  const socket = new Writable({
    write(bytes: Buffer, _encoding, done) {
      said.push(bytes.toString('latin1'))
      if (keeps) kept.push(bytes)
      else done()
    },
  }) as Socket
  return { socket, said, kept }
}

function message(space: WriteSpace, text: string): Buffer {
  const part = space.take(text.length)
  part.write(text, 'latin1')
  return part
}

const turn = () => new Promise(resolve => setImmediate(resolve))

test('messages of one turn go out at its end, or once there are a few; each socket’s own in order', async () => {
  const sending = new Sending()
  const [one, other] = [aSocket(), aSocket()]
  sending.send(one.socket, message(sending.space, 'a'))
  sending.send(other.socket, message(sending.space, 'b'))
  one.socket.write('c')
  expect([one.said, other.said]).toEqual([[], []])
  await turn()
  expect([one.said, other.said]).toEqual([['a', 'c'], ['b']])
  for (let sent = 0; sent < 15; sent++) sending.send(one.socket, message(sending.space, 'd'))
  expect(one.said.length).toBe(2)
  sending.send(one.socket, message(sending.space, 'd'))
  expect(one.said.length).toBe(18)
})

test('a message that goes on is not held back, nor is what was sent before it', () => {
  const sending = new Sending()
  const { socket, said } = aSocket()
  sending.send(socket, message(sending.space, 'a'))
  sending.begin(socket, message(sending.space, 'b'))
  expect(said).toEqual(['a', 'b'])
})

test('the space is written over once all its parts were taken, and never while a socket needs one', async () => {
  const sending = new Sending()
  const { space } = sending
  const first = message(space, 'a')
  sending.send(aSocket().socket, first)
  await turn()
  const again = message(space, 'b')
  expect([again.buffer, again.byteOffset]).toEqual([first.buffer, first.byteOffset])
  const slow = aSocket(true)
  sending.send(slow.socket, again)
  await turn()
  for (let taken = 0; taken < 100_000; taken++) space.giveBack(message(space, 'xxxx'))
  expect(slow.kept[0]?.toString()).toBe('b')
})
