// A Berth of real processes with a region of simulated machines, money, and a group `main` of one machine.
import { Berth } from './berth.ts'

const yaml = (): string => `catalog:
  specs:
    sim.c8: { family: general, cpu: 8, memory: 16GiB }
  regions:
    east:
      name: East
      engine: simulated
      zones:
        east-a: { name: Zone A, offers: { sim.c8: { stock: 4, postpaid: { hour: 0.10 } } } }
`

export async function startWithGroup(): Promise<Berth> {
  const host = await Berth.start({ yaml })
  await host.json('wallet', 'top-up', '500')
  await host.json('group', 'buy', 'main', '--spec', 'sim.c8', '--postpaid', '--yes')
  return host
}
