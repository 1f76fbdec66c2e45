// Lives worlds of the model of money in a process of its own, each in a database that whoever sends the plan has made for it.
import { openDb } from '../../../src/db/db.ts'
import { MoneyWorld, type WorldPlan } from './world.ts'

process.on('message', async ({ url, plan }: { url: string; plan: WorldPlan }) => {
  try {
    const db = openDb({ connectionString: url, max: 12 })
    const { pairs, ...result } = await new MoneyWorld(db, url, plan).live()
    await db.destroy()
    process.send?.({ ...result, pairs: [...pairs] })
  } catch (error) {
    const story = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.send?.({ commands: 0, refused: 0, crashes: 0, pairs: [], violations: [`seed ${plan.seed}: ${story}`] })
  }
})
process.on('disconnect', () => process.exit())
