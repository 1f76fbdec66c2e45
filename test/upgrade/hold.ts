// Holds the older control at a known place: a machine is there, and is about to be written down as running, so its order is
// `provisioning`. A trigger has every session but those of this tree's controllers wait for a lock that is ours; the session that
// waits says by its name for which order.
import pg from 'pg'

const key = 28
const held = 'held '
const trigger = `
  create function hold_older() returns trigger language plpgsql as $$
  begin
    if current_setting('application_name') not like 'berth-controller%' then
      perform set_config('application_name', '${held}' || new.order_id, true);
      perform pg_advisory_xact_lock(${key});
    end if;
    return new;
  end $$;
  create trigger hold_older before update on machines
    for each row when (new.phase = 'running' and old.phase <> 'running') execute function hold_older()`

export class Hold {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async begin(databaseUrl: string): Promise<Hold> {
    const client = new pg.Client({ connectionString: databaseUrl })
    client.on('error', () => {}) // The server is stopped under it where the command fails.
    await client.connect()
    await client.query(`select pg_advisory_lock(${key})`)
    await client.query(trigger)
    return new Hold(client)
  }

  /** Orders that are provisioning, and held in the middle of it. */
  async orders(): Promise<string[]> {
    const { rows } = await this.#client.query<{ id: string }>(`
      select o.id from pg_stat_activity s join orders o on s.application_name = '${held}' || o.id
      where s.wait_event_type = 'Lock' and o.phase = 'provisioning'`)
    return rows.map(row => row.id)
  }

  /** Once the process that is held was killed: its session would go on by itself. */
  async end(): Promise<void> {
    await this.#client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like '${held}%'`,
    )
    await this.#client.query('drop function hold_older cascade')
    await this.#client.end()
  }
}
