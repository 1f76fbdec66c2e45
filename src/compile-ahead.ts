// Run once beside the first start of the database: loads every role's modules, so that Node keeps them compiled. Roles that
// find them start twice as fast and need a third less memory, because none loads the TypeScript compiler (415 → 285 MiB).
import { flushCompileCache } from 'node:module'

await Promise.all([import('./app/app.ts'), import('./agent/agent.ts'), import('./gateway/run-gateway.ts')])
flushCompileCache()
