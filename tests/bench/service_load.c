/* An open-loop load generator for `make bench-service`: requests at a fixed rate, or as fast as they are answered.
 *
 *   service_load PORT CONNECTIONS REQUESTS OUT RATE:SECONDS[,RATE:SECONDS...]
 *
 * Talks to 127.0.0.1 alone. REQUESTS holds whole HTTP requests, each after its length (4 bytes, little-endian); they are
 * sent in turn, again from the start when all were. At a RATE above 0 request i of a phase is due i/RATE seconds into it,
 * whether or not those before it were answered: one for which no connection is free waits in a queue, and its wait counts
 * (no coordinated omission). At RATE 0 every connection sends its next request once the last was answered. OUT gets a
 * Record for each request; stdout a line of JSON: seconds, and CPU seconds of this program.
 *
 * Ends by itself: what is not answered GRACE_S after the last phase counts as not answered. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 512
#define MOST_PHASES 8
#define ROOM (4 << 20) /* bytes of the longest answer */
#define GRACE_S 5.0

typedef struct {
  double due, sent, done; /* seconds since the start; done 0: never answered */
  int32_t status, phase;  /* status 0: never answered, or the connection broke */
  char rung[16];          /* what stands in "rung":"...", if anything does */
} Record;

typedef struct {
  int fd;
  size_t sent, got, whole; /* bytes of the request sent, of the answer received, of the whole answer once known */
  long record;             /* which one is under way, -1: none */
  char *buffer;
} Connection;

typedef struct { double rate, begins, ends; long due; } Phase;

static Connection connections[MOST_CONNECTIONS];
static Phase phases[MOST_PHASES];
static Record *records;
static long n_records, room_for_records;
static const char **requests;
static uint32_t *lengths;
static long n_requests;
static int n_connections, n_phases, poller, port;
static double started;
static long *waiting, head, tail; /* records that are due and wait for a connection, in order */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9 - started;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void read_requests(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  uint32_t length;
  while (fread(&length, sizeof length, 1, file) == 1) {
    char *request = malloc(length);
    requests = realloc(requests, (size_t)(n_requests + 1) * sizeof *requests);
    lengths = realloc(lengths, (size_t)(n_requests + 1) * sizeof *lengths);
    if (!request || !requests || !lengths || fread(request, 1, length, file) != length) fail("a request");
    requests[n_requests] = request;
    lengths[n_requests++] = length;
  }
  fclose(file);
  if (!n_requests) fail("no requests");
}

static void read_phases(char *text) {
  double at = 0;
  for (char *one = strtok(text, ","); one && n_phases < MOST_PHASES; one = strtok(NULL, ",")) {
    double rate, seconds;
    if (sscanf(one, "%lf:%lf", &rate, &seconds) != 2 || rate < 0 || seconds <= 0) fail("RATE:SECONDS");
    phases[n_phases++] = (Phase){rate, at, at + seconds, 0};
    at += seconds;
  }
}

static void connect_to(Connection *c) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int yes = 1;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  c->record = -1;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll");
}

static void watch(Connection *c, int writing) {
  struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static long new_record(int phase, double due) {
  if (n_records == room_for_records) {
    room_for_records = room_for_records ? 2 * room_for_records : 1 << 14;
    records = realloc(records, (size_t)room_for_records * sizeof *records);
    waiting = realloc(waiting, (size_t)room_for_records * sizeof *waiting);
    if (!records || !waiting) fail("memory");
  }
  records[n_records] = (Record){.due = due, .phase = phase};
  return n_records++;
}

static void broken(Connection *c) { /* its request stays unanswered; the connection is made anew */
  close(c->fd);
  connect_to(c);
}

static void go_on_sending(Connection *c) {
  long which = c->record % n_requests;
  while (c->sent < lengths[which]) {
    ssize_t n = send(c->fd, requests[which] + c->sent, lengths[which] - c->sent, MSG_NOSIGNAL);
    if (n > 0) {
      c->sent += (size_t)n;
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      watch(c, 1);
      return;
    } else {
      broken(c);
      return;
    }
  }
}

static void begin(Connection *c, long record) {
  c->record = record, c->sent = c->got = c->whole = 0;
  records[record].sent = now();
  go_on_sending(c);
}

static void note(Connection *c, size_t head_length) {
  Record *r = &records[c->record];
  r->done = now();
  r->status = atoi(c->buffer + 9);
  const char mark[] = "\"rung\":\"", *body = c->buffer + head_length;
  const char *at = memmem(body, c->whole - head_length, mark, sizeof mark - 1);
  for (size_t i = 0; at && i < sizeof r->rung - 1; i++) {
    char one = at[sizeof mark - 1 + i];
    if (one == '"') break;
    r->rung[i] = one;
  }
  c->record = -1;
}

static size_t head_of(Connection *c) { /* bytes of the head, once it is whole; then `whole` is known too */
  char *end = memmem(c->buffer, c->got, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t length = (size_t)(end - c->buffer) + 4;
  if (!c->whole) {
    char kept = end[2];
    end[2] = 0;
    char *said = strcasestr(c->buffer, "\r\ncontent-length:");
    if (!said) fail("an answer without content-length");
    c->whole = length + strtoul(said + 17, NULL, 10);
    end[2] = kept;
    if (c->whole > ROOM) fail("an answer too long");
  }
  return length;
}

static void take(Connection *c) {
  for (;;) {
    ssize_t n = recv(c->fd, c->buffer + c->got, ROOM - c->got, 0);
    if (n > 0) {
      c->got += (size_t)n;
      size_t head_length = head_of(c);
      if (head_length && c->got >= c->whole) {
        if (c->record < 0) fail("an answer nobody asked for");
        note(c, head_length);
        return;
      }
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return;
    } else {
      broken(c);
      return;
    }
  }
}

/* Makes what is due by `t` wait for a connection. Returns when the next one is due. */
static double fall_due(double t, double last) {
  double next = last;
  for (int p = 0; p < n_phases; p++) {
    Phase *phase = &phases[p];
    if (phase->rate == 0) continue;
    for (;;) {
      double due = phase->begins + (double)phase->due / phase->rate;
      if (due >= phase->ends) break;
      if (due > t) {
        if (due < next) next = due;
        break;
      }
      phase->due++;
      long record = new_record(p, due);
      waiting[tail++] = record;
    }
  }
  return next;
}

static int phase_at_full_speed(double t) {
  for (int p = 0; p < n_phases; p++)
    if (phases[p].rate == 0 && t >= phases[p].begins && t < phases[p].ends) return p;
  return -1;
}

/* Gives every free connection something to do. Returns how many have something under way. */
static int set_to_work(void) {
  int busy = 0, fastest = phase_at_full_speed(now());
  for (int i = 0; i < n_connections; i++) {
    Connection *c = &connections[i];
    if (c->record < 0 && head < tail) begin(c, waiting[head++]);
    else if (c->record < 0 && fastest >= 0) begin(c, new_record(fastest, now()));
    busy += c->record >= 0;
  }
  return busy;
}

static void run(void) {
  double last = phases[n_phases - 1].ends;
  struct epoll_event events[64];
  for (;;) {
    double t = now(), next = fall_due(t, last);
    int busy = set_to_work();
    if (t >= last && ((!busy && head == tail) || t >= last + GRACE_S)) return;
    double wait = t >= last ? 0.05 : next - now();
    struct timespec patience = {0, wait > 0 ? (long)(1e9 * (wait < 0.05 ? wait : 0.05)) : 0};
    int n = epoll_pwait2(poller, events, 64, &patience, NULL);
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) {
        watch(c, 0);
        if (c->record >= 0) go_on_sending(c);
      }
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) take(c);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "service_load PORT CONNECTIONS REQUESTS OUT RATE:SECONDS,...\n");
    return 2;
  }
  port = atoi(argv[1]), n_connections = atoi(argv[2]);
  if (n_connections < 1 || n_connections > MOST_CONNECTIONS) fail("CONNECTIONS");
  read_requests(argv[3]);
  read_phases(argv[5]);
  poller = epoll_create1(0);
  for (int i = 0; i < n_connections; i++) {
    if (!(connections[i].buffer = malloc(ROOM + 1))) fail("memory");
    connect_to(&connections[i]);
  }
  started = now();
  run();
  double seconds = now();
  FILE *out = fopen(argv[4], "wb");
  if (!out || fwrite(records, sizeof *records, (size_t)n_records, out) != (size_t)n_records || fclose(out)) fail("OUT");
  struct rusage spent;
  getrusage(RUSAGE_SELF, &spent);
  double cpu = (double)(spent.ru_utime.tv_sec + spent.ru_stime.tv_sec) + (double)(spent.ru_utime.tv_usec + spent.ru_stime.tv_usec) / 1e6;
  printf("{\"seconds\": %.6f, \"cpu\": %.6f}\n", seconds, cpu);
  return 0;
}
