/* A wall clock that can be set for one host: programs that load this see it so many seconds off
   as the first eight bytes of the file CHAOS_CLOCK say, also by gettimeofday, which Tcl asks.
   All other clocks and all timers are those of the kernel. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *off;

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("CHAOS_CLOCK");
	int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *seen = file < 0 ? MAP_FAILED : mmap(0, sizeof *off, PROT_READ, MAP_SHARED, file, 0);
	if (file >= 0)
		close(file);
	if (seen != MAP_FAILED)
		off = seen;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	long failed = syscall(SYS_clock_gettime, clock, now);
	if (!failed && clock == CLOCK_REALTIME && off)
		now->tv_sec += *off;
	return failed;
}

int gettimeofday(struct timeval *now, void *zone)
{
	long failed = syscall(SYS_gettimeofday, now, zone);
	if (!failed && off)
		now->tv_sec += *off;
	return failed;
}

time_t time(time_t *into)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now))
		return -1;
	if (into)
		*into = now.tv_sec;
	return now.tv_sec;
}
