// Whether a socket is read from: shut while the other side has not taken what was read before (back-pressure).
import type { Socket } from 'node:net'

export class Valve {
  isShut = false

  shut(socket: Socket): void {
    if (this.isShut) return
    this.isShut = true
    socket.pause()
  }

  open(socket: Socket): void {
    if (!this.isShut) return
    this.isShut = false
    socket.resume()
  }
}
