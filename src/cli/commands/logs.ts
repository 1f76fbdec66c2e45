import { given, number } from '../arguments.ts'
import type { CommandTree } from '../command.ts'
import { printJson, printLine, say } from '../output.ts'

interface LogsOptions {
  follow?: boolean
  instance?: string
  previous?: boolean
  keyword?: string
  lines?: number
}

export function addLogsCommand(tree: CommandTree): void {
  tree.add<LogsOptions>({
    usage: 'logs <service>',
    summary: 'read the log of a service instance, also after its end',
    examples: ['berth logs digits -f', 'berth logs digits --previous --keyword error'],
    options: [
      ['-f, --follow', 'stay and print lines as they come'],
      ['--instance <id>', 'of this service instance; the newest that has a log by default'],
      ['--previous', 'of the one before: what a crash has left'],
      ['--keyword <text>', 'only lines with this text'],
      ['-n, --lines <count>', 'the last so many, 1 to 5000 (500 by default)', number('lines')],
    ],
    async run({ session, args: [service = ''], options }) {
      const query = given({
        serviceInstanceId: options.instance,
        previous: options.previous ? ('true' as const) : undefined,
        keyword: options.keyword,
        limit: options.lines,
      })
      const page = await session.call('GET /v1/services/{service}/logs', { params: { service }, query })
      if (options.json && !options.follow) return printJson(page)
      const print = (line: string): void => printLine(options.json ? JSON.stringify(line) : line)
      if (!options.follow) {
        for (const line of page.lines) print(line)
        if (page.lines.length === 0)
          say(`${page.serviceInstanceId} has written nothing${options.keyword ? ' like it' : ''} yet.`)
        return
      }
      // Following begins with the tail itself.
      const following = { serviceInstanceId: page.serviceInstanceId }
      for await (const line of session.lines('GET /v1/services/{service}/logs/follow', {
        params: { service },
        query: following,
      })) {
        if (options.keyword === undefined || line.includes(options.keyword)) print(line)
      }
    },
  })
}
