/*
 * Asks one name of a DNS server on 127.0.0.1 again and again, and prints a line when the number of addresses in the answer
 * changes: when the reply came, in nanoseconds of the monotonic clock, and the number. So the one who causes a change
 * learns when clients see it, on the same clock. Arguments: port, name, microseconds between two questions.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "queries.h"

int main(int count, char **words) {
  if (count != 4) return 2;
  struct arguments given = {0};
  struct query query;
  int length = write_query(&query, words[2], &given), fd = socket(AF_INET, SOCK_DGRAM, 0);
  long pause_ns = atol(words[3]) * 1000;
  struct timeval patience = {.tv_usec = 20000};
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (length == 0 || connect(fd, (struct sockaddr *)&peer, sizeof peer) < 0) return perror("connect"), 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  int before = -1;
  uint32_t id = 0;
  for (;;) {
    unsigned char reply[4096];
    query.bytes[0] = (unsigned char)(++id >> 8);
    query.bytes[1] = (unsigned char)id;
    if (send(fd, query.bytes, (size_t)length, 0) < 0) return perror("send"), 1;
    /* Whichever question it answers: a server with a long queue answers late, and in order. */
    long received = recv(fd, reply, sizeof reply, 0);
    if (received > 0) {
      int seen = received < header_bytes ? 0 : reply[6] << 8 | reply[7];
      if (seen != before) printf("%lld %d\n", now_ns(), seen), fflush(stdout);
      before = seen;
    }
    struct timespec pause = {.tv_nsec = pause_ns};
    nanosleep(&pause, NULL);
  }
}
