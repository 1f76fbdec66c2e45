import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { moments, pairs, RaceTrack, race } from './race.ts'
import { type ScratchServer, scratchServer } from './scratch-server.ts'

describe('two commands at once on one machine end as one after the other would', () => {
  let server: ScratchServer
  let track: RaceTrack
  beforeAll(async () => {
    server = await scratchServer()
    track = new RaceTrack(server, mkdtempSync(join(inject('postgres').scratch, 'races-')))
  })
  afterAll(() => server.close())

  test.each(
    pairs.map((pair, index) => ({ pair, moment: moments[index % 2] ?? 'expiry' })),
  )('$pair.0 with $pair.1 at the $moment', async ({ pair, moment }) => {
    const result = await race(track, pair, moment, 3)
    expect(result.violations).toEqual([])
  })
})
