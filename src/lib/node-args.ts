// How V8 is told to keep house, by what a process is for. It keeps up to three young generations per thread for good, of 16 MiB by
// its own choice, and marks a heap that is small by its measure whenever a few MiB were added to it.

/** Idle with 20 MiB less than by V8's own choice (`npm run bench:start`). */
export const controlNodeArgs: readonly string[] = ['--max-semi-space-size=8']

/**
 * What sockets were read into counts as memory: in a flood the whole heap was marked once a second, some 20 ms each time in which
 * nobody is served. The limit that begins it is 64 MiB here, and grows and shrinks from there (`npm run bench:floods`).
 */
export const gatewayNodeArgs: readonly string[] = ['--max-semi-space-size=8', '--initial-old-space-size=64']

/** A service is sold by its memory. */
export const modelServerNodeArgs: readonly string[] = ['--max-semi-space-size=2']
