/**
 * Numbers in the text form that Prometheus reads. Counters and gauges are kept by whoever knows them and are read when
 * they are asked for, so that a node which nobody scrapes pays for nothing but its own plain numbers; histograms keep
 * their buckets here. The only file that knows the library.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';

export interface MetricWords {
  /** Without the prefix; ends in its unit, and a counter in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** One number, and the values of its labels in the order of the names. */
export type Sample = readonly [value: number, ...labels: readonly string[]];

export interface Exposition {
  /** `read` gives what was counted since the start; a series that it leaves out is no longer exposed. */
  counter(words: MetricWords, read: () => Iterable<Sample>): void;
  gauge(words: MetricWords, read: () => Iterable<Sample> | Promise<Iterable<Sample>>): void;
  histogram(words: MetricWords & { readonly buckets: readonly number[] }): BucketCounts;
  /** A histogram whose buckets are counted elsewhere. */
  countedHistogram(words: MetricWords & { readonly buckets: readonly number[] }, read: () => Iterable<CountedBuckets>): void;
  readonly contentType: string;
  render(): Promise<string>;
}

export interface CountedBuckets {
  /** In the order of the names. */
  readonly labels: readonly string[];
  /** In each bucket, those below not counted in, and beyond the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export interface BucketCounts {
  /** Where to put what is measured under these labels. Keep it: looking it up costs more than using it. */
  under(...labels: readonly string[]): (value: number) => void;
  forget(...labels: readonly string[]): void;
}

const prefix = 'opengslb_';

/** With the library's own numbers about the process, `process_*` and `nodejs_*`. */
export function createExposition(): Exposition {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const words = ({ name, help, labels = [] }: MetricWords) => ({
    name: prefix + name,
    help,
    labelNames: [...labels],
    registers: [register],
  });
  const named = (names: readonly string[], values: readonly string[]) =>
    Object.fromEntries(names.map((name, place) => [name, values[place] ?? '']));

  return {
    counter({ labels = [], ...rest }, read) {
      new Counter({
        ...words({ labels, ...rest }),
        collect() {
          this.reset();
          for (const [value, ...values] of read()) this.inc(named(labels, values), value);
        },
      });
    },
    gauge({ labels = [], ...rest }, read) {
      new Gauge({
        ...words({ labels, ...rest }),
        async collect() {
          const samples = await read();
          this.reset();
          for (const [value, ...values] of samples) this.set(named(labels, values), value);
        },
      });
    },
    histogram({ labels = [], buckets, ...rest }) {
      const histogram = new Histogram({ ...words({ labels, ...rest }), buckets: [...buckets] });
      return {
        under(...values) {
          const child = histogram.labels(named(labels, values));
          return (value) => child.observe(value);
        },
        forget: (...values) => histogram.remove(named(labels, values)),
      };
    },
    countedHistogram({ buckets, ...rest }, read) {
      const { name, help, labelNames } = words(rest);
      const series = ({ labels, counts, sum }: CountedBuckets) => {
        const own = named(labelNames, labels);
        let below = 0;
        const upTo = [...buckets, '+Inf'].map((le, place) => {
          below += counts[place] ?? 0;
          return { metricName: `${name}_bucket`, labels: { le, ...own }, value: below };
        });
        return [
          ...upTo,
          { metricName: `${name}_sum`, labels: own, value: sum },
          { metricName: `${name}_count`, labels: own, value: below },
        ];
      };
      const get = async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: [...read()].flatMap(series) });
      // The library reads no more than this of a metric; its own histogram takes one observation at a time.
      register.registerMetric({ name, help, type: 'histogram', get } as unknown as Metric<string>);
    },
    contentType: register.contentType,
    render: () => register.metrics(),
  };
}
