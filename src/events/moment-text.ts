/**
 * A moment as people read it, `2026-11-21T03:12:00.000Z`, by arithmetic alone: what is written here is pure, and has no
 * clock to ask. Years are counted from March, so that the day that only leap years have is the last of a year.
 */

const dayMs = 86_400_000;
/** Days of 400 years, after which the calendar repeats itself; and from 1 March of the year 0 to 1970. */
const eraDays = 146_097;
const daysBefore1970 = 719_468;

export function momentText(at: number): string {
  const days = Math.floor(at / dayMs) + daysBefore1970;
  const era = Math.floor(days / eraDays);
  const dayOfEra = days - era * eraDays;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = 400 * era + yearOfEra + (month <= 2 ? 1 : 0);
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${timeText(at - Math.floor(at / dayMs) * dayMs)}Z`;
}

function timeText(ms: number): string {
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1_000) % 60];
  return `${digits(hours, 2)}:${digits(minutes, 2)}:${digits(seconds, 2)}.${digits(ms % 1_000, 3)}`;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
