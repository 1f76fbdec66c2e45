// How much room V8 has for new objects, per role. It keeps up to three of these for good, and what lies there unused holds
// on to its buffers until it is full: at V8's own choice of 16 MiB control was idle with 20 MiB more, and a gateway in a flood
// had 20 MiB more.

export const controlNursery = '--max-semi-space-size=8'
export const gatewayNursery = '--max-semi-space-size=4'
