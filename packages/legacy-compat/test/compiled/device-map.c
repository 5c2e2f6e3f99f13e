/*
 * Memory maps of loop devices (driver 7): mapped again from a descriptor of its own, at the offset of before.
 */
#define LOG_PREFIX "device-map: "
#include "criu-log.h"
#include "criu-plugin.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool takes(const struct stat *stat)
{
	return S_ISBLK(stat->st_mode) && major(stat->st_rdev) == 7;
}

static int handle_device_vma(int fd, const struct stat *stat)
{
	struct stat own;
	if (fstat(fd, &own) || own.st_rdev != stat->st_rdev || !takes(stat))
		return -ENOTSUP;
	pr_info("takes maps of %u:%u\n", major(stat->st_rdev), minor(stat->st_rdev));
	return 0;
}

static int update_vma_map(const char *path, const uint64_t addr, const uint64_t old_pgoff, uint64_t *new_pgoff, int *plugin_fd)
{
	struct stat stat;
	(void)addr;
	*plugin_fd = open(path, O_RDWR);
	if (*plugin_fd < 0 || fstat(*plugin_fd, &stat) || !takes(&stat))
		return -ENOTSUP;
	*new_pgoff = old_pgoff;
	pr_info("maps %s again from %lu\n", path, (unsigned long)old_pgoff);
	return 1;
}

CR_PLUGIN_REGISTER_DUMMY("device-map")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA, handle_device_vma)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__UPDATE_VMA_MAP, update_vma_map)
