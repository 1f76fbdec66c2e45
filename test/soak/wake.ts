// `npm run soak:wake`: 200 requests at once at a service that is scaled to zero, 20 times with room for all of them to wait and
// 5 times with room for 50. Arguments: laps; requests a lap.
import { conclude, say } from './conclude.ts'
import { WakeStage } from './wake-laps.ts'

const [laps = 20, requests = 200] = process.argv.slice(2).map(Number)
await conclude(async open => {
  const stage = new WakeStage()
  open.defer(() => stage.close())
  await stage.open()
  let wrong = 0
  let bounded = true
  for (const [queueMax, count] of [
    [0, laps],
    [50, Math.ceil(laps / 4)],
  ] as const) {
    const result = await stage.laps({ laps: count, requests, queueMax })
    for (const line of [...result.lost, ...result.wrong].slice(0, 50)) say(line)
    const room = queueMax === 0 ? "Berth's own bound of 500" : `max_queue_size ${queueMax}`
    say(`${room}: sent ${result.sent}, answered ${result.answered}, refused by the bound ${result.refused}`)
    say(`first answer after, ms: ${result.wakeMs.join(' ')}`)
    wrong += result.lost.length + result.wrong.length
    const answerable = count * (queueMax === 0 ? Math.min(requests, 500) : Math.min(requests, queueMax))
    bounded &&= result.answered === answerable && result.refused === result.sent - answerable
  }
  if (!bounded) say('not as many were answered as there was room for')
  say(`requests lost, or executed other than once and answered: ${wrong} (0)`)
  return wrong === 0 && bounded
})
