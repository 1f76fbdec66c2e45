// How many connections a process of the soak holds: told to whoever asks for it.

export const socketsHeld = (): number =>
  process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap' || name === 'TCPConnectWrap').length

/** `idle`: those that hold no process back, and are not among what Node counts. */
export function tellSockets(idle: () => number = () => 0): void {
  process.on('message', message => {
    if (message === 'sockets') process.send?.({ sockets: socketsHeld() + idle() })
  })
}
