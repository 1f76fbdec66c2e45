// A test that is skipped is said in a line of its own, with the reason, after all others. One without a reason fails the run:
// nobody would notice that it never runs.
import type { Reporter, TestModule, Vitest } from 'vitest/node'

export default class SkippedReporter implements Reporter {
  /** Run by name (`-t`): the others are left out, not skipped. */
  #isPart = false

  onInit(vitest: Vitest): void {
    this.#isPart = vitest.config.testNamePattern !== undefined
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#isPart) return
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result()
        const note = result.state === 'skipped' ? result.note : undefined
        if (note === undefined) process.exitCode = 1
        const reason = note ?? 'NO REASON GIVEN: use context.skip(reason)'
        process.stdout.write(`skipped: ${module.relativeModuleId} > ${test.fullName}: ${reason}\n`)
      }
    }
  }
}
